/**
 * Preloaded into a program (`node --import`). Each SIGUSR2 steps the program's wall clock by STEP_CLOCK_MS
 * milliseconds, as if a user set the clock of the machine. Timers and the monotonic clock do not change.
 */
const stepMs = Number(process.env.STEP_CLOCK_MS);
const now = Date.now;
let offset = 0;

class SteppedDate extends Date {
  constructor(...args: readonly unknown[]) {
    // Date takes one to seven arguments of several kinds; they are passed on as they are.
    super(...((args.length === 0 ? [now() + offset] : args) as [number]));
  }
  static override now = () => now() + offset;
}
globalThis.Date = SteppedDate as DateConstructor;

process.on('SIGUSR2', () => {
  offset += stepMs;
});
