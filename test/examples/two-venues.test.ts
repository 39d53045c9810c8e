import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { until } from '../../testing/tools/until.ts';

const PROGRAM = join(import.meta.dirname, '../../examples/two-venues.ts');

it('two-venues.ts sums up the trades of Bybit, and of Binance after Bybit is gone', async () => {
  const simulator = await startSimulator({ rate: 200 });
  onTestFinished(() => simulator.close());
  const urls = [`${simulator.url}/bybit/v5/public/spot`, `${simulator.url}/binance/stream`];
  const program = spawn(process.execPath, [PROGRAM, '1000', ...urls], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void program.kill());
  let output = '';
  program.stdout.on('data', (text) => {
    output += String(text);
  });
  await until(() => /^bybit \d{4}-\S+Z [\d.]+$/m.test(output), { message: 'a window of Bybit', timeoutMs: 20_000 });
  simulator.fault({ venue: 'bybit', fault: 'refuse', seconds: 60 });
  simulator.fault({ venue: 'bybit', fault: 'close' });
  await until(() => /^binance \d{4}-\S+Z [\d.]+$/m.test(output), { message: 'a window of Binance', timeoutMs: 20_000 });
}, 60_000);

it('two-venues.ts has at most 15 lines of code besides its imports', () => {
  const lines = readFileSync(PROGRAM, 'utf8').split('\n');
  expect(lines.filter((line) => line !== '' && !/^(\/\/|import )/.test(line)).length).toBeLessThanOrEqual(15);
});
