import { Fault, type FaultKind, type Retry } from '../../domain/fault.ts';

type Headers = Readonly<Record<string, string | undefined>>;

const MAX_CHARACTERS = 160;
const READ_CHARACTERS = 4096;
const SECOND = 1000;
const TEN_MINUTES = 600 * SECOND;
const LONGEST_MS = 3 * 24 * 3_600_000;

/** Converts a refusal to a Fault by its HTTP status, if the venue gives the status no other meaning. */
export function httpRefusal(status: number, headers: Headers, body: string): Fault {
  const fault = (kind: FaultKind, retry: Retry) => new Fault(kind, refusalReason(status, body), { status, retry });
  if (status === 403 || status === 451)
    return new Fault('region_blocked', refusalReason(status, body), {
      status,
      retry: { kind: 'never' },
      onlyThisHost: true,
    });
  if (status === 429) return fault('rate_limited', retryAfter(headers, 60 * SECOND));
  if (status === 418) return fault('rate_limited', retryAfter(headers, 120 * SECOND));
  if (status < 500) return fault('connect_failed', { kind: 'backoff' });
  const asked = headers['retry-after'] !== undefined;
  return fault('unavailable', asked ? retryAfter(headers, SECOND) : { kind: 'backoff' });
}

/** Makes the Fault for a refusal by a host's firewall: wait as long as the refusal says, otherwise ten minutes. */
export function firewallRefusal(status: number, headers: Headers, body: string): Fault {
  const retry = retryAfter(headers, TEN_MINUTES);
  return new Fault('rate_limited', refusalReason(status, body), { status, retry, onlyThisHost: true });
}

/** Retries after ten minutes, or later if the `retry-after` header says so. */
export function tenMinutes(headers: Headers): Retry {
  return retryAfter(headers, TEN_MINUTES, TEN_MINUTES);
}

/** Returns the status and the answer's body as one short row of text, without mark-up. */
export function refusalReason(status: number, body: string): string {
  const text = body
    .slice(0, READ_CHARACTERS)
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(/<!--[\s\S]*?-->|<\/?[a-z!][^>]*(?:>|$)/gi, ' ')
    .replace(/&nbsp;/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const cut = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
  return `HTTP ${status}${cut === '' ? '' : `: ${cut}`}`;
}

/**
 * Reads the wait from a `retry-after` header (seconds): at least `leastMs`, at most 3 days. Without a valid header, the
 * wait is `defaultMs`.
 */
function retryAfter(headers: Headers, defaultMs: number, leastMs = SECOND): Retry {
  const text = headers['retry-after']?.trim() ?? '';
  const afterMs = /^\d{1,9}$/.test(text) ? Number(text) * SECOND : defaultMs;
  return { kind: 'after', afterMs: Math.min(Math.max(afterMs, leastMs), LONGEST_MS) };
}
