/** A clock that is read once for each task of the event loop, so the frames of one read from a socket have one time. */
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
