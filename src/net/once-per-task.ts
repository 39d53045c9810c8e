/**
 * A clock that is read once for all that is done in one go: a reading takes longer than most of what it is read for.
 * It holds until the microtasks that follow, so that the frames of one read from a socket have one time.
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
