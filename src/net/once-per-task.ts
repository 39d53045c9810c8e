/** Reads the clock once for each task of the event loop, so that all frames of one socket read get the same time. */
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
