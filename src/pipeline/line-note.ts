import type { StatusNote } from './status-log.ts';
import type { LineSignal } from './venue-line.ts';
import type { Line } from './venue-lines.ts';

type Note = Omit<StatusNote, 'venue'>;

/** What feed-status says of a line's signal; nothing of data, answers and single frames. */
export function noteOf(line: Line, signal: LineSignal): Note | undefined {
  const details = { line: String(line.number), url: line.plan.url };
  switch (signal.kind) {
    case 'connecting':
      return { state: 'connecting', reason: `line ${line.number} connects`, details };
    case 'opened':
      return { state: 'connected', reason: `line ${line.number} is open`, details };
    case 'subscribed': {
      const topics = String(signal.topics.length);
      return { state: 'subscribed', reason: `${topics} topics`, details: { ...details, topics } };
    }
    case 'lost':
      return { state: 'disconnected', reason: signal.fault.message, details: { ...details, ...lossDetails(signal) } };
    case 'rotate':
      return {
        state: 'session_rotated',
        reason: `the venue announces that it will close the connection: ${signal.reason}`,
        details: { ...details, reason: signal.reason },
      };
    case 'stale': {
      const ageMs = Math.round(signal.ageMs);
      return {
        state: 'feed_stale',
        reason: `line ${line.number}: no data for ${ageMs} ms`,
        details: { ...details, cause: signal.cause, age_ms: String(ageMs) },
      };
    }
    case 'recovered':
      return {
        state: 'feed_recovered',
        reason: `line ${line.number} delivers again`,
        details: { ...details, stale_for_ms: String(Math.round(signal.staleForMs)) },
      };
    default:
      return undefined;
  }
}

function lossDetails({ fault, attempt, retryInMs, probing }: Extract<LineSignal, { kind: 'lost' }>) {
  return {
    fault: fault.kind,
    attempt: String(attempt),
    retry_in_ms: String(Math.round(retryInMs)),
    probing: String(probing),
    ...(fault.status === undefined ? {} : { status: String(fault.status) }),
  };
}
