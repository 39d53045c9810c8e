import type { StatusNote } from '../status/status-log.ts';
import type { HandedOver, LineChange, LineSignal } from './line-event.ts';

type Note = Omit<StatusNote, 'venue'>;
type Lost = Extract<LineSignal, { kind: 'lost' }>;
type Details = Readonly<Record<string, string>>;

/** What feed-status says of a line's news; nothing of data, answers and single frames, of a successor only what goes wrong. */
export function noteOf({ line, signal, successor }: LineChange): Note | undefined {
  const { number } = line;
  const details = { url: line.plan.url };
  if (successor) return signal.kind === 'lost' ? successorNote(number, details, signal) : undefined;
  switch (signal.kind) {
    case 'connecting':
      return { state: 'connecting', reason: `line ${number} connects`, line: number, details };
    case 'connected':
      return { state: 'connected', reason: `line ${number} is open`, line: number, details };
    case 'subscribed': {
      const topics = String(signal.topics.length);
      return { state: 'subscribed', reason: `${topics} topics`, line: number, details: { ...details, topics } };
    }
    case 'lost':
      return {
        state: 'disconnected',
        reason: signal.fault.message,
        line: number,
        cause: lossCause(signal),
        details: { ...details, ...lossDetails(signal) },
      };
    case 'handed_over':
      return rotationNote(number, details, signal);
    case 'stale': {
      const ageMs = Math.round(signal.ageMs);
      return {
        state: 'feed_stale',
        reason: `line ${number}: no data for ${ageMs} ms`,
        line: number,
        cause: signal.cause,
        details: { ...details, age_ms: String(ageMs) },
      };
    }
    case 'recovered':
      return {
        state: 'feed_recovered',
        reason: `line ${number} delivers again`,
        line: number,
        details: { ...details, stale_for_ms: String(Math.round(signal.staleForMs)) },
      };
    default:
      return undefined;
  }
}

function rotationNote(line: number, details: Details, { notice, durationMs }: HandedOver): Note {
  return {
    state: 'session_rotated',
    reason: `line ${line} goes on over a new connection, opened before the old one was let go: ${notice.reason}`,
    line,
    cause: notice.reason,
    details: { ...notice.details, ...details, duration_ms: String(Math.round(durationMs)) },
  };
}

/** Nothing is disconnected: the line goes on over its old connection. */
function successorNote(line: number, details: Details, lost: Lost): Note {
  return {
    state: 'connecting',
    reason: `line ${line} has no successor yet: ${lost.fault.message}`,
    line,
    details: { ...details, ...lossDetails(lost) },
  };
}

/** `replaced`: another connection of the line goes on in its place, there is no retry. */
function lossCause({ probing, successor }: Lost): string | null {
  if (successor !== undefined) return 'replaced';
  return probing ? 'probing' : null;
}

function lossDetails({ fault, attempt, retryInMs }: Lost): Details {
  return {
    fault: fault.kind,
    attempt: String(attempt),
    retry_in_ms: String(Math.round(retryInMs)),
    ...(fault.status === undefined ? {} : { status: String(fault.status) }),
  };
}
