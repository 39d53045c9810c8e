import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { startMarketFeed, temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';
import { collect } from '../sinks/avro-file/collect.ts';

/** The lines of the shell block below the heading "Break it". */
function breakItLines(): readonly string[] {
  const readme = readFileSync('README.md', 'utf8');
  const [, section = ''] = readme.split('\n## Break it\n');
  const [, block = ''] = section.split(/^```(?:sh)?\n/m);
  return block.trimEnd().split('\n');
}

it('the lines of "Break it" in the README have the described effects if they are pasted at once', async () => {
  const dir = await temporaryFolder();
  const port = await freePort();
  const demo = startMarketFeed('demo', '--port', '0', '--simulator-port', String(port), '--out', dir);
  await demo.logged('status');
  const lines = breakItLines();
  expect(lines.at(-1)).toMatch(/^node examples\/sniper\.ts /);
  // The last two lines are for people: they end only with Ctrl-C. The test of the sniper covers them.
  const script = lines
    .slice(0, -2)
    .join('\n')
    .replaceAll('127.0.0.1:9100', `127.0.0.1:${port}`)
    .replaceAll('npx market-feed', `${process.execPath} src/cli/main.ts`)
    .replaceAll('data/demo', dir);
  const { stdout } = await promisify(execFile)('bash', ['-e', '-c', script], { maxBuffer: 2 ** 26 });

  const answers = stdout.split('\n').filter((line) => line.startsWith('{"started"'));
  expect(answers).toHaveLength(3);
  for (const answer of answers) expect(answer).not.toContain('"warning"');
  expect(stdout.match(/USDT +(?:buy|sell) .* × /g)).toHaveLength(20);
  // The last faults may take effect after the script has ended.
  for (const expected of [
    { state: 'feed_stale', venue: 'bybit' },
    { state: 'failed_over', activeVenue: 'binance' },
    { state: 'region_blocked', venue: 'bybit' },
  ])
    await until(
      async () => {
        expect(await collect(readFiles(dir, 'feed-status'))).toContainEqual(expect.objectContaining(expected));
        return true;
      },
      { timeoutMs: 30_000 },
    );
  expect((await collect(readFiles(dir, 'dead-letters'))).length).toBeGreaterThanOrEqual(20);
  expect(stdout).toMatch(/binance +decode: /);
});
