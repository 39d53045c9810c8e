/**
 * Measures the memory of `market-feed demo`, the simulated venues included: `node bench/memory/demo.ts`. Flags:
 * --minutes N (10).
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../testing/tools/tools.ts';
import { reportPart } from '../part.ts';
import { followMemory, memoryPart } from './resident-memory.ts';

const { values: flags } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(flags.minutes);
const out = await mkdtemp(join(tmpdir(), 'market-feed-demo-'));
const demo = spawn(
  process.execPath,
  ['bin/market-feed.js', 'demo', '--port', '0', '--simulator-port', '0', '--out', out],
  { cwd: root, stdio: 'ignore' },
);
let isRunning = true;
const ended = new Promise<void>((resolve) => demo.once('close', () => resolve()));
void ended.then(() => {
  isRunning = false;
});
process.once('exit', () => demo.kill('SIGKILL'));
const samples = await followMemory(demo.pid ?? 0, minutes, () => isRunning);
const isWhole = isRunning;
demo.kill('SIGTERM');
await ended;
await rm(out, { recursive: true, force: true });
if (!isWhole) throw new Error('the demo ended too early');
const text = `The command \`demo\`, without a browser: \`node bench/memory/demo.ts --minutes ${minutes}\`.`;
await reportPart(memoryPart({ title: 'Memory of the demo', program: 'demo', text, minutes, maxMiB: 220 }, samples));
