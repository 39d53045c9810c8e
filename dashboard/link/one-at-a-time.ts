/**
 * Returns a function that starts `work`. Calls while it runs, or less than `restMs` after it, start it once more, after
 * that time. `work` must not reject.
 */
export function oneAtATime(work: () => Promise<void>, restMs: number): () => void {
  let isBusy = false;
  let isAsked = false;
  const run = async () => {
    isBusy = true;
    isAsked = false;
    await work();
    setTimeout(() => {
      isBusy = false;
      if (isAsked) void run();
    }, restMs);
  };
  return () => {
    if (isBusy) isAsked = true;
    else void run();
  };
}
