import { type DestinationStream, type Level, type Logger as PinoLogger, pino, stdSerializers } from 'pino';

/**
 * What anything that logs needs; a pino logger is one. Fields first, then the sentence for people.
 * The field `event` names what happened, in snake case, for programs: it stays when the sentence changes.
 */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

export interface LogOptions {
  readonly level: Level | 'silent';
  /** Gets one JSON line per call; stderr by default. */
  readonly destination?: DestinationStream;
}

/** Lines that wait for a slow reader of stderr; beyond it they are lost, as a feed must not wait for its log. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Fields whose values never reach a log, up to two levels down (a configuration's `kafka.sasl.password`). */
const SECRETS = ['password', 'passphrase', 'secret', 'token', 'apiKey', 'api_key', 'authorization', 'cookie'];

/** JSON lines with level names and ISO times; an error under `err` or `fault` with its kind, its retry decision and its cause. */
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
