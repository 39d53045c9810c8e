/**
 * Loaded before the program (`node --import`): the wall clock as the program sees it is stepped by STEP_CLOCK_MS
 * milliseconds at each SIGUSR2, as when somebody sets the machine's. Timers and the monotonic clock go on, as there.
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
