import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SimulatedGateway } from '../../testing/feeds/simulated-gateway.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';

/** A fixed seed: the requests are the same in each run, so a failure can be reproduced. */
const SEED = '6';

/**
 * Most answers for any symbol are 404, so that the suite uses only the existing symbol. It makes the boundary and wrong
 * values of each parameter, and follows links between answers. `make faults` adds random requests.
 */
const CASES: readonly (readonly [what: string, config: string, withSnapshots: boolean])[] = [
  ['an existing symbol, in the pipeline', '[parameters]\nsymbol = "BTCUSDT"\n', true],
  ...(isLong ? [['any symbol, from topics', '', false] as const] : []),
];

it.each(CASES)(
  'the gateway answers right and wrong requests as its OpenAPI document says: %s',
  async (_what, config, withSnapshots) => {
    await using simulated = await SimulatedGateway.start({ withSnapshots });
    // The gateway has records of all kinds by now.
    simulated.feed.simulator.setRate('binance', 60);
    const dir = await mkdtemp(join(tmpdir(), 'market-feed-openapi-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const file = join(dir, 'schemathesis.toml');
    await writeFile(file, config);
    const { stdout, stderr, code } = await runPython('fuzz_openapi.py', [
      ...['--config-file', file, 'run', `${simulated.url}/docs/json`],
      ...['--seed', SEED, '--continue-on-failure', '--warnings', 'off'],
      ...(isLong ? ['--max-examples', '50'] : ['--max-examples', '2', '--phases', 'coverage,stateful']),
    ]);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain('Tested: 22');
  },
);
