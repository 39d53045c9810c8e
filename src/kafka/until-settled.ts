import { setTimeout as delay } from 'node:timers/promises';
import { isUnsettledTopic } from './kafka-error.ts';

const TRIES = 10;
const PAUSE_MS = 200;

/** Tries again what fails because a topic that was just made is not known to every broker, or has no leader yet. */
export async function untilSettled<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !isUnsettledTopic(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}
