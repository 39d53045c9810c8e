/** Says whether and when to retry: with backoff, not before `afterMs`, or never. */
export type Retry =
  | { readonly kind: 'backoff' }
  | { readonly kind: 'after'; readonly afterMs: number }
  | { readonly kind: 'never' };

export type FaultKind =
  | 'connect_failed'
  | 'connect_timeout'
  | 'connection_closed'
  | 'region_blocked'
  | 'rate_limited'
  | 'unavailable'
  | 'socket_dead'
  | 'subscription_mute'
  | 'rotation'
  | 'malformed'
  | 'unknown_symbol'
  | 'subscription_rejected'
  | 'encode'
  | 'sink'
  | 'internal';

export interface FaultOptions {
  readonly retry?: Retry;
  readonly field?: string | undefined;
  /** HTTP status or WebSocket close code. */
  readonly status?: number | undefined;
  /** True if only this host of the venue refuses us, so that another host may serve. */
  readonly onlyThisHost?: boolean;
  readonly cause?: unknown;
}

/** An error with its own retry decision, so that no code has to interpret messages. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  readonly retry: Retry;
  readonly field: string | undefined;
  readonly status: number | undefined;
  readonly onlyThisHost: boolean;

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retry = options.retry ?? { kind: 'backoff' };
    this.field = options.field;
    this.status = options.status;
    this.onlyThisHost = options.onlyThisHost ?? false;
  }
}

/** Returns a fault as it is, and wraps any other error (kind `internal`, retried with backoff). */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Returns the code of a system or Node.js error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
