import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/log.ts';
import type { VenueDependencies } from './build-venues.ts';

/** Maximum bytes of a frame in the log; a whole book has some hundred thousand. */
const MOST_LOGGED_BYTES = 1000;

/** Logs each frame if the configured level is `trace`. Other levels cost nothing. */
export function frameLogger({ log: { level } }: Config, log: Logger): Pick<VenueDependencies, 'onFrame'> {
  if (level !== 'trace') return {};
  return {
    onFrame: (venue, line, { data, receivedAt }) => {
      const text = Buffer.from(data.subarray(0, MOST_LOGGED_BYTES)).toString();
      const fields = { event: 'frame', venue, line, bytes: data.length, received_at: receivedAt, data: text };
      log.trace(fields, 'frame');
    },
  };
}
