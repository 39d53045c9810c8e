import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load-config.ts';
import { root } from '../../testing/tools/tools.ts';

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/);
const labels = z.record(z.string(), z.string());
const metadata = z.strictObject({ name, labels: labels.optional() });
const count = z.int().positive();

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.enum(['/healthz', '/readyz']), port: name }),
  periodSeconds: count,
  timeoutSeconds: count.optional(),
  failureThreshold: count.optional(),
});

const container = z.strictObject({
  name,
  image: z.string(),
  args: z.array(z.string()),
  ports: z.array(z.strictObject({ name, containerPort: z.int() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  resources: z.strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ memory: quantity }),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.strictObject({ name, mountPath: z.string(), readOnly: z.literal(true).optional() })),
});

const volume = z.union([
  z.strictObject({ name, configMap: z.strictObject({ name }) }),
  z.strictObject({ name, secret: z.strictObject({ secretName: name }) }),
  z.strictObject({ name, emptyDir: z.strictObject({ sizeLimit: quantity }) }),
]);

const podSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  terminationGracePeriodSeconds: count,
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: count,
    runAsGroup: count,
    fsGroup: count,
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  topologySpreadConstraints: z.array(
    z.strictObject({
      maxSkew: count,
      topologyKey: z.literal('kubernetes.io/hostname'),
      whenUnsatisfiable: z.enum(['ScheduleAnyway', 'DoNotSchedule']),
      labelSelector: z.strictObject({ matchLabels: labels }),
    }),
  ),
  containers: z.tuple([container]),
  volumes: z.array(volume),
});

/** The kinds and fields that the manifests use, as Kubernetes defines them. All other fields are refused. */
const manifest = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('ConfigMap'), metadata, data: labels }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata,
    spec: z.strictObject({
      clusterIP: z.literal('None'),
      publishNotReadyAddresses: z.boolean(),
      selector: labels,
      ports: z.array(z.strictObject({ name, port: z.int(), targetPort: name })),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('StatefulSet'),
    metadata,
    spec: z.strictObject({
      replicas: count,
      serviceName: name,
      podManagementPolicy: z.enum(['OrderedReady', 'Parallel']),
      selector: z.strictObject({ matchLabels: labels }),
      template: z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec }),
      volumeClaimTemplates: z.array(
        z.strictObject({
          metadata,
          spec: z.strictObject({
            accessModes: z.tuple([z.literal('ReadWriteOnce')]),
            resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
          }),
        }),
      ),
    }),
  }),
]);
type Manifest = z.infer<typeof manifest>;
type Texts = Readonly<Record<'config' | 'service' | 'stateful-set', string>>;

const read = (file: string): string => readFileSync(path.join(root, 'deploy/kubernetes', file), 'utf8');
const texts: Texts = {
  config: read('config.yaml'),
  service: read('service.yaml'),
  'stateful-set': read('stateful-set.yaml'),
};
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')));

/** Checks each manifest, and that they fit together. @throws Error for the first mistake */
function check(all: Texts): void {
  const manifests = Object.values(all).flatMap((text) =>
    parseAllDocuments(text).map((document): Manifest => {
      for (const error of document.errors) throw error;
      return manifest.parse(document.toJS());
    }),
  );
  const of = <K extends Manifest['kind']>(kind: K) =>
    manifests.find((each): each is Extract<Manifest, { kind: K }> => each.kind === kind) ?? expect.fail(kind);
  const [config, service, set] = [of('ConfigMap'), of('Service'), of('StatefulSet')];
  const { template, serviceName, selector, volumeClaimTemplates } = set.spec;
  const { containers, volumes, topologySpreadConstraints } = template.spec;
  const [feed] = containers;

  expect(serviceName).toBe(service.metadata.name);
  for (const chosen of [
    selector.matchLabels,
    service.spec.selector,
    topologySpreadConstraints[0]?.labelSelector.matchLabels,
  ])
    expect(template.metadata.labels).toEqual(chosen);
  const ports = feed.ports.map((port) => port.name);
  for (const { httpGet } of [feed.startupProbe, feed.livenessProbe, feed.readinessProbe])
    expect(ports).toContain(httpGet.port);
  for (const { targetPort } of service.spec.ports) expect(ports).toContain(targetPort);
  expect(feed.livenessProbe.httpGet.path).toBe('/healthz');
  expect(feed.readinessProbe.httpGet.path).toBe('/readyz');
  expect(feed.image).toBe(`market-feed:${version}`);

  const mounted = feed.volumeMounts.map((mount) => mount.name);
  expect(mounted.toSorted()).toEqual(
    [...volumes, ...volumeClaimTemplates.map((claim) => claim.metadata)].map((each) => each.name).toSorted(),
  );
  const at = (volumeName: string | undefined) =>
    feed.volumeMounts.find((mount) => mount.name === volumeName)?.mountPath ?? '';
  const fromConfig = volumes.find((each) => 'configMap' in each && each.configMap.name === config.metadata.name);
  const fromSecret = volumes.find((each) => 'secret' in each);

  // The configuration, as the image reads it: /app is this repository.
  const [command, option, file = ''] = feed.args;
  expect([command, option, path.dirname(file)]).toEqual(['run', '--config', at(fromConfig?.name)]);
  const yaml = config.data[path.basename(file)] ?? expect.fail(file);
  expect(yaml).toContain(`token_file: ${at(fromSecret?.name)}/`);
  const [document] = parseAllDocuments(yaml.replace(/ {2}token_file: .*\n/, '').replace('/app/', `${root}/`));
  const loaded = loadConfig({
    values: (document?.toJS() ?? {}) as object,
    environment: { MARKET_FEED__SPILL__DIR: '/var/lib/market-feed/spill' },
  });
  expect(loaded.cluster.enabled).toBe(true);
  expect(loaded.cluster.shards).toBeGreaterThanOrEqual(2 * set.spec.replicas);
  expect(loaded.cluster.venueBudgetShare).toBeLessThanOrEqual(1 / set.spec.replicas);
  expect(loaded.gateway.port).toBe(feed.ports[0]?.containerPort);
  expect(loaded.spill.dir.startsWith(`${at('state')}/`)).toBe(true);
}

describe('deploy/kubernetes', () => {
  it('has manifests with known fields, which fit together and to the configuration', () => {
    expect(() => check(texts)).not.toThrow();
  });

  it.each([
    ['a misspelled field', 'stateful-set', 'livenessProbe:', 'livenessProb:'],
    ['a field at the wrong place', 'stateful-set', '      automountServiceAccountToken: false\n', ''],
    ['wrong YAML', 'stateful-set', 'containers:', 'containers: ['],
    ['a probe of a port that is not there', 'stateful-set', '/readyz, port: http', '/readyz, port: web'],
    ['a probe of a path that is not there', 'stateful-set', 'path: /readyz', 'path: /ready'],
    ['a mount without a volume', 'stateful-set', 'name: tmp, emptyDir', 'name: temp, emptyDir'],
    ['another ConfigMap', 'stateful-set', 'configMap: { name: market-feed }', 'configMap: { name: feed }'],
    ['another name of the Service', 'service', '  name: market-feed\n', '  name: feed\n'],
    ['labels that the Service does not select', 'service', 'selector: { app.kubernetes.io/name', 'selector: { app'],
    ['a wrong key in the configuration', 'config', 'shards: 12', 'shard: 12'],
    ['more budget than the venues allow', 'config', 'venue_budget_share: 0.33', 'venue_budget_share: 0.5'],
    ['no cluster', 'config', 'enabled: true', 'enabled: false'],
  ] as const)('is refused by this check with %s', (_, file, from, to) => {
    expect(texts[file]).toContain(from);
    expect(() => check({ ...texts, [file]: texts[file].replace(from, to) })).toThrow();
  });
});
