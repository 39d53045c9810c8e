#!/usr/bin/env node
// Starts the command line: the source in a clone, the built files in the published package.
// This file uses only old syntax, so that an old Node prints a clear error and not a syntax error.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import './compile-cache.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const main = existsSync(at('src/cli/main.ts')) ? at('src/cli/main.ts') : at('dist/cli/main.js');
const [major, minor] = process.versions.node.split('.').map(Number);

// Commands that run for weeks get a smallest and a largest size of the heap's young generation, in MiB. Node starts with
// 1 MiB, and collects garbage often until it has grown. On machines with much memory, Node's limit is four times as high as
// ours. A demo has little to do. ALLOCATOR makes malloc return free memory to the system.
const USUAL = ['--min-semi-space-size=8', '--max-semi-space-size=16'];
const SMALL = ['--min-semi-space-size=4', '--max-semi-space-size=4'];
const NODE_OPTIONS = { run: USUAL, demo: SMALL, gateway: USUAL, simulate: USUAL, record: USUAL };
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };
// What the user has set counts.
const isSet = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').includes('semi-space-size');
const needsOptions = !isSet && Object.hasOwn(NODE_OPTIONS, process.argv[2]);
const nodeOptions = needsOptions ? NODE_OPTIONS[process.argv[2]] : [];
const env = needsOptions ? { ...ALLOCATOR, ...process.env } : process.env;

if (major > 22 || (major === 22 && minor >= 18)) {
  if (needsOptions) restartWithMemoryOptions();
  process.argv[1] = main;
  await import(main);
} else if (existsSync(at('.tools/node_modules/node/bin/node'))) {
  // The Node that make installed. The child decides when to end. A signal may reach it twice: from the terminal and
  // from this process.
  const args = [...nodeOptions, main, ...process.argv.slice(2)];
  const child = spawn(at('.tools/node_modules/node/bin/node'), args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  console.error(`market-feed needs Node.js 22.18 or newer (24 is best); this is ${process.version}.`);
  process.exit(1);
}

/**
 * Replaces this process by one with the memory options, because Node reads them only at its start. Does nothing if the
 * system has no `execve`.
 */
function restartWithMemoryOptions() {
  if (process.execve === undefined || process.platform === 'win32') return;
  const restarted = [...process.execArgv, ...nodeOptions, at('bin/market-feed.js'), ...process.argv.slice(2)];
  try {
    process.execve(process.execPath, [process.execPath, ...restarted], env);
  } catch {
    // Some containers forbid it. The command then uses more memory.
  }
}
