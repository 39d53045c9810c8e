#!/usr/bin/env node
// Runs the command line on a Node that can: the source in a clone, the built files in the published package.
// Plain JavaScript of old: it has to say so, not to fail at a syntax error, where Node is too old.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import './compile-cache.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const main = existsSync(at('src/cli/main.ts')) ? at('src/cli/main.ts') : at('dist/cli/main.js');
const [major, minor] = process.versions.node.split('.').map(Number);

// What runs for weeks gets a young generation as large as it needs (Node lets it grow to four times that where the machine
// has much), and an allocator that gives back what it does not need.
const LASTING = ['run', 'demo', 'gateway', 'simulate', 'record'];
const YOUNG = '--max-semi-space-size=16';
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };

if (major > 22 || (major === 22 && minor >= 18)) {
  if (LASTING.includes(process.argv[2])) startOver();
  process.argv[1] = main;
  await import(main);
} else if (existsSync(at('.tools/node_modules/node/bin/node'))) {
  // What make installed beside it. It decides when to end; a signal may reach it twice, from the terminal and from here.
  const child = spawn(at('.tools/node_modules/node/bin/node'), [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  console.error(`market-feed needs Node.js 22.18 or newer (24 is best); this is ${process.version}.`);
  process.exit(1);
}

/** This process becomes one with these settings, which Node takes at its start only. Does nothing where it cannot, or somebody has set his own. */
function startOver() {
  const own = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (process.execve === undefined || process.platform === 'win32' || own.includes('semi-space-size')) return;
  const args = [process.execPath, ...process.execArgv, YOUNG, at('bin/market-feed.js'), ...process.argv.slice(2)];
  try {
    process.execve(process.execPath, args, { ...ALLOCATOR, ...process.env });
  } catch {
    // Some containers forbid it: it runs with more memory then.
  }
}
