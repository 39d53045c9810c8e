import { duration } from '../../domain/duration.ts';
import type { Gap } from '../../domain/record.ts';
import { nameOfGap } from '../../domain/trade-id.ts';
import type { HealingEvent } from '../../healing/healer.ts';
import { type Command, type CommandContext, type Output, UsageError } from '../arguments/command.ts';
import { configOption, configurationOf } from '../arguments/configuration.ts';
import { parseTime, TIME_ALLOWED } from '../arguments/start-time.ts';
import { count } from '../terminal/number-text.ts';
import { inColumns, visibleJson } from '../terminal/terminal-text.ts';

export const command: Command = {
  usage: 'heal [--from T] [--dry-run] [--config FILE]',
  about:
    'Fetches the missing trades of open gaps into late-trades, once, as run does in the background (docs/event-semantics.md#healing). Refuses to start beside a run. Gaps of the last two minutes take up to two minutes.',
  options: {
    from: { value: 'T', help: 'only gaps published since then: 2026-11-21T08:30:00Z, 08:30 (UTC) or -10m' },
    'dry-run': { help: 'list the open gaps, change nothing' },
    config: configOption,
  },
  async run(context) {
    const { options, out, err, signal } = context;
    const sinceMs = sinceOf(context);
    const dryRun = options.flag('dry-run');
    const config = configurationOf(context);
    const { monotonicScheduler } = await import('../../net/monotonic-scheduler.ts');
    const { healOnce, RunHeals } = await import('../../runtime/healing/heal-once.ts');
    const { commandLog } = await import('../terminal/command-log.ts');
    const { partsOf } = await import('../../cluster/parts-of.ts');
    const results = new Map<string, HealingEvent['kind']>();
    const onEvent = async (event: HealingEvent, sink: string): Promise<void> => {
      if (event.kind === 'open' || event.kind === 'progress') return;
      const gaps = event.kind === 'healed' ? event.gaps : [event.gap];
      for (const gap of gaps) {
        results.set(`${sink} ${nameOfGap(gap)}`, event.kind);
        await writeGap(out, sink, gap, event.kind === 'healed' ? 'healed' : `open: ${event.reason}`);
      }
    };
    const log = commandLog(err, config);
    let open = 0;
    try {
      for (const { config: part, isOwn } of partsOf(config)) {
        const found = await healOnce(part, {
          ...{ scheduler: monotonicScheduler, wallClockMs: Date.now, signal, log, sinceMs, dryRun, isOwn },
          onEvent: (event, sink) => void onEvent(event, sink),
        });
        for (const [sink, gaps] of found) {
          open += gaps.length;
          if (dryRun) for (const gap of gaps) await writeGap(out, sink, gap, 'open');
        }
      }
    } catch (error) {
      if (error instanceof RunHeals) throw new UsageError(`heal: ${error.message}`);
      if (!signal.aborted) throw error;
    }
    if (out.isTerminal) await out.write(`${summary(open, [...results.values()], dryRun)}\n`);
    return 0;
  },
};

function sinceOf({ options }: CommandContext): number {
  const text = options.text('from');
  if (text === undefined) return 0;
  const timeMs = parseTime(text, Date.now());
  if (timeMs === undefined) throw new UsageError(`--from: found "${text}", allowed: ${TIME_ALLOWED}`);
  return timeMs;
}

function writeGap(out: Output, sink: string, gap: Gap, result: string): Promise<void> {
  const { venue, symbol, epoch, fromId, toId, fromTime, toTime, missing, filled } = gap;
  if (!out.isTerminal) {
    const fields = { sink, venue, symbol, epoch, from_id: fromId, to_id: toId, from_time: fromTime, to_time: toTime };
    return out.write(`${visibleJson(JSON.stringify({ ...fields, missing, filled, result }))}\n`);
  }
  const from = new Date(fromTime).toISOString().slice(0, 19).replace('T', ' ');
  const trades = missing === null ? 'unknown' : count(missing);
  return out.write(
    `${from}  ${inColumns(duration(toTime - fromTime), 9)} ${inColumns(symbol, 12)} ${inColumns(venue, 11)} ${inColumns(trades, 9, 'right')} missing  ${result}\n`,
  );
}

function summary(open: number, results: readonly HealingEvent['kind'][], dryRun: boolean): string {
  if (open === 0) return 'no gap is open';
  if (dryRun) return `${count(open)} gaps are open`;
  const healed = results.filter((kind) => kind === 'healed').length;
  return `${count(healed)} of ${count(open)} gaps are healed`;
}
