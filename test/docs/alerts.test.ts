import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { runPromtool } from '../../testing/tools/promtool.ts';
import { askedMetrics, documentedMetrics, seriesNames } from './metric-names.ts';

vi.setConfig({ testTimeout: 60_000 });

const PROMETHEUS = 'deploy/prometheus';
const DASHBOARDS = 'deploy/grafana/dashboards';

const Rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.strictObject({
            summary: z.string().min(1),
            description: z.string().min(1),
            runbook_url: z.string(),
          }),
        }),
      ),
    }),
  ),
});
const rules = Rules.parse(parse(readFileSync(`${PROMETHEUS}/market-feed.rules.yml`, 'utf8'))).groups.flatMap(
  (group) => group.rules,
);

const datasource = z.object({ type: z.literal('prometheus'), uid: z.literal(`\${datasource}`) });
const Panel = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
});
const Graph = Panel.extend({
  datasource,
  targets: z.array(z.object({ refId: z.string(), datasource, expr: z.string().min(1) })).min(1),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().min(1) }) }),
});
const Dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(z.unknown()),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
  }),
  annotations: z.object({ list: z.array(z.object({ expr: z.string(), datasource })) }),
});
const dashboards = readdirSync(DASHBOARDS).map((file) => {
  const dashboard = Dashboard.parse(JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')));
  const panels = dashboard.panels.map((panel) => Panel.parse(panel));
  const graphs = dashboard.panels
    .filter((_, index) => panels[index]?.type !== 'row')
    .map((panel) => Graph.parse(panel));
  const variables = dashboard.templating.list;
  const expressions = [
    ...graphs.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.annotations.list.map(({ expr }) => expr),
  ];
  return { file, dashboard, panels, graphs, variables, expressions };
});

const known = new Map(
  documentedMetrics().flatMap((metric) => [...seriesNames([metric])].map((name) => [name, metric] as const)),
);

/** Names and labels in an expression that no metric has. */
function unknownIn(expression: string): string[] {
  return askedMetrics(expression).flatMap(({ name, labels }) => {
    const metric = known.get(name);
    if (metric === undefined) return [name];
    const own = new Set([...metric.labels, 'job', 'instance', 'le']);
    return labels.filter((label) => !own.has(label)).map((label) => `${name}{${label}}`);
  });
}

it('alerts use only metrics and labels that exist', () => {
  expect(rules.length).toBeGreaterThan(20);
  expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
});

it('every alert has a heading in the runbook, and every heading has an alert', () => {
  const headings = [...readFileSync('docs/runbook.md', 'utf8').matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(headings.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
  for (const { alert, annotations } of rules)
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
});

it('docs/metrics.md names for each metric the alerts that use it', () => {
  for (const metric of documentedMetrics()) {
    const names = seriesNames([metric]);
    const asking = rules.filter(({ expr }) => askedMetrics(expr).some(({ name }) => names.has(name)));
    expect([metric.name, metric.alerts.toSorted()]).toEqual([metric.name, asking.map(({ alert }) => alert).toSorted()]);
  }
});

it('every alert fires in a test of the rules', () => {
  const tests = readFileSync(`${PROMETHEUS}/market-feed.rules.test.yml`, 'utf8');
  for (const { alert } of rules) expect(tests).toContain(`{ labels: '{alertname="${alert}"}', value: 1 }`);
});

it('dashboards use only metrics and labels that exist', () => {
  for (const { file, expressions, variables } of dashboards) {
    expect(expressions.length).toBeGreaterThan(15);
    expect([file, expressions.flatMap(unknownIn)]).toEqual([file, []]);
    const wanted = variables.flatMap(({ definition = '' }) => askedMetrics(definition));
    expect(wanted.filter(({ name }) => !known.has(name))).toEqual([]);
  }
});

it('dashboards have unique panels without overlap, and use only variables that exist', () => {
  expect(new Set(dashboards.map(({ dashboard }) => dashboard.uid)).size).toBe(dashboards.length);
  for (const { panels, variables, expressions } of dashboards) {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const names = new Set([...variables.map(({ name }) => name), '__rate_interval']);
    const used = expressions.flatMap((expr) => [...expr.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name));
    expect(used.filter((name) => !names.has(name))).toEqual([]);
    for (const a of panels) {
      expect(a.gridPos.x + a.gridPos.w).toBeLessThanOrEqual(24);
      for (const b of panels)
        if (a.id < b.id) expect([a.title, b.title, overlap(a.gridPos, b.gridPos)]).toContain(false);
    }
  }
});

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const overlap = (a: Place, b: Place): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

it('promtool accepts the configuration and the rules, and the tests of the rules pass', async () => {
  expect(await runPromtool(['check', 'config', `${PROMETHEUS}/prometheus.yml`])).toContain(
    `${rules.length} rules found`,
  );
  expect(await runPromtool(['test', 'rules', `${PROMETHEUS}/market-feed.rules.test.yml`])).toContain('SUCCESS');
});

it('promtool accepts every expression of a dashboard', async () => {
  const asRule = (expr: string) => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(instance|venue)/g, '.*');
  const groups = dashboards.map(({ file, expressions }, board) => ({
    name: file,
    rules: expressions.map((expr, index) => ({ record: `of_${board}_${index}`, expr: asRule(expr) })),
  }));
  const folder = mkdtempSync(join(tmpdir(), 'dashboards-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.json'), JSON.stringify({ groups }));
  expect(await runPromtool(['check', 'rules', join(folder, 'rules.json')])).toContain('SUCCESS');
});
