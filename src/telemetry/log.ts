import { type DestinationStream, type Level, type Logger as PinoLogger, pino, stdSerializers } from 'pino';

/**
 * A pino logger. Fields come first, then the sentence for people. The field `event` is the event's name for programs,
 * in snake case; it never changes, though the sentence may.
 */
export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'child'>;

export interface LogOptions {
  readonly level: Level | 'silent';
  /** Gets one JSON line per call; stderr by default. */
  readonly destination?: DestinationStream;
}

/** Maximum bytes that wait for a slow reader of stderr. Further entries are lost: a feed must not wait for its log. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Fields whose values are never logged, up to two levels down (`kafka.sasl.password`). */
const SECRETS = ['password', 'passphrase', 'secret', 'token', 'apiKey', 'api_key', 'authorization', 'cookie'];

/** Creates a log of JSON lines. An error in `err` or `fault` is logged with its kind, retry decision and cause. */
export function createLog({ level, destination }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause, fault: stdSerializers.errWithCause },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    destination ?? pino.destination({ fd: 2, sync: false, maxLength: MAX_WAITING_BYTES }),
  );
}
