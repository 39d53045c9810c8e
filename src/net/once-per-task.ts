/**
 * Returns a clock that is read only once in each run of synchronous code. So all frames of one socket read get the same
 * time, unless they are compressed.
 */
export function oncePerTask(clock: () => number): () => number {
  let reading: number | undefined;
  const forget = (): void => {
    reading = undefined;
  };
  return () => {
    if (reading === undefined) {
      reading = clock();
      queueMicrotask(forget);
    }
    return reading;
  };
}
