import { expect, it } from 'vitest';
import { until } from '../../testing/tools/until.ts';
import { startHere } from '../cli/start-here.ts';
import { startHealing } from './healing-run.ts';

const RATE = 100;
const SKIPPED = 40;
/** How the command names a run that publishes to Kafka. */
const BESIDE = /heal: a run \(instance [-0-9a-f]+\) publishes to .*simulated\.\* and heals its gaps/;

/** Reads what a command has printed, one JSON object a line. */
const rowsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { sink: string; missing: number; result: string });

it('market-feed heal refuses to work beside a run, and fetches the missing trades into Kafka and files after it', async () => {
  const { simulator, configWith, idsOf, skip, end } = await startHealing(
    { backfill: false, channels: ['trade'] },
    RATE,
  );
  const both = await configWith(['kafka', 'file']);
  const run = startHere('run', '--config', both);
  await run.logged('trading_resumed');
  skip(SKIPPED, 12);
  await run.logged('gap_unrepaired');
  simulator.clearFaults();

  const [beside, inFolder] = [
    startHere('heal', '--config', await configWith(['kafka'])),
    startHere('heal', '--config', await configWith(['file'])),
  ];
  expect(await beside.exited).toBe(2);
  expect(beside.stderr).toMatch(BESIDE);
  expect(await inFolder.exited).toBe(2);
  expect(inFolder.stderr).toContain(`is in use: process ${process.pid}`);
  expect(await run.stop(), run.stderr).toBe(0);

  const dry = startHere('heal', '--dry-run', '--config', both);
  expect(await dry.exited, dry.stderr).toBe(0);
  expect(rowsOf(dry.stdout)).toEqual(
    expect.arrayContaining(
      ['kafka', 'file'].map((sink) => expect.objectContaining({ sink, missing: SKIPPED, result: 'open' })),
    ),
  );
  expect(rowsOf(dry.stdout)).toHaveLength(2);

  // Its windows could be published until two minutes after the gap, so the command would wait for them.
  const heal = startHere('heal', '--config', both);
  await until(async () => (await idsOf('late-trades')).kafka.length >= SKIPPED, { timeoutMs: 30_000 });
  expect(await heal.stop(), heal.stderr).toBe(0);
  for (const { late, all, made } of await end()) {
    expect(late).toBe(SKIPPED);
    expect(all).toEqual(made);
  }
});
