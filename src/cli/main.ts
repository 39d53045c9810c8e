#!/usr/bin/env node
import { isatty, ReadStream } from 'node:tty';
import { setFlagsFromString } from 'node:v8';
import '../../bin/compile-cache.js';
import type { Output } from './arguments/command.ts';

/* Runs a command as a process: handles signals, closed pipes and the exit code. */

/** Aborts when the command should end. */
const stopping = new AbortController();
/** Signals within this time count as one: under npx one Ctrl-C arrives several times. */
const SAME_MS = 1000;
let firstAt = 0;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (!stopping.signal.aborted) {
      firstAt = performance.now();
      stopping.abort(name);
    } else if (performance.now() - firstAt > SAME_MS) {
      // The second Ctrl-C ends the process without a clean shutdown.
      process.exit(1);
    }
  });
}

// While thousands of symbols are subscribed, V8 learns that objects live long. Without this flag it would then allocate
// trades in the old generation, too, and pause for several times as long (docs/symbols.md).
setFlagsFromString('--no-allocation-site-pretenuring');
// Collect the old generation when it has grown by half; V8 would wait longer.
setFlagsFromString('--heap-growing-percent=50');
const { skipSchemas } = await import('../kafka/platformatic/skip-schemas.ts');
skipSchemas();
const { inForeground } = await import('./terminal/in-foreground.ts');
const { dispatch } = await import('./arguments/dispatch.ts');
const code = await dispatch(process.argv.slice(2), {
  environment: process.env,
  out: outputTo(process.stdout, () => stopping.abort('stdout closed')),
  err: outputTo(process.stderr, () => {}),
  keyboard:
    isatty(0) && process.stdin instanceof ReadStream
      ? Object.assign(process.stdin, { isOurs: inForeground })
      : undefined,
  signal: stopping.signal,
});
process.exit(code);

function outputTo(stream: NodeJS.WriteStream, onClosed: () => void): Output {
  let closed = false;
  stream.on('error', () => {
    closed = true;
    onClosed();
  });
  return {
    isTerminal: stream.isTTY === true,
    size: () => ({ columns: stream.columns ?? 80, rows: stream.rows ?? 24 }),
    write: (text) =>
      new Promise((resolve) => {
        if (closed) resolve();
        else stream.write(text, () => resolve());
      }),
  };
}
