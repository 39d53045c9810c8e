#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import '../../bin/compile-cache.js';
import type { Output } from './arguments/command.ts';

/** The process around a command: signals, closed pipes, exit code. What a command is: command.ts. */
const stopping = new AbortController();
/** One Ctrl-C arrives several times under npx, which passes on what the terminal has sent already; milliseconds. */
const SAME_MS = 1000;
let firstAt = 0;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (!stopping.signal.aborted) {
      firstAt = performance.now();
      stopping.abort(name);
    } else if (performance.now() - firstAt > SAME_MS) {
      // The user asks twice: whatever holds the clean shutdown up is left.
      process.exit(1);
    }
  });
}

// V8 takes what is allocated while thousands of symbols are subscribed for long-lived, and allocates trades as if they were
// from then on: several times the pauses, as docs/symbols.md tells.
setFlagsFromString('--no-allocation-site-pretenuring');
// The old generation is collected when it has grown by half, and not much later, as V8 does where there is room.
setFlagsFromString('--heap-growing-percent=50');
const { dispatch } = await import('./arguments/dispatch.ts');
const code = await dispatch(process.argv.slice(2), {
  environment: process.env,
  out: outputTo(process.stdout, () => stopping.abort('stdout closed')),
  err: outputTo(process.stderr, () => {}),
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
