import { duration } from '../../domain/duration.ts';

/** A log event for people, as one row of text. */
export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

interface TimedNote {
  readonly level: Note['level'];
  /** True for problems, and for ends of a venue's or sink's problem: they are kept if there is little room. */
  readonly important: boolean;
  readonly clock: string;
  readonly venue: string;
  readonly coin: string;
  readonly lines: readonly string[];
  readonly label: string;
  readonly reason: string;
  /** How often each event came on each line. */
  readonly times: ReadonlyMap<string, number>;
}

const KEPT = 60;

/** A short version of the log for people: no routine events, and one note for repeats and related events. */
export class StatusNotes {
  #notes: readonly TimedNote[] = [];
  /** Lost connections, as VENUE LINE. Only these make a note when they are connected again. */
  readonly #lost = new Set<string>();
  #halted = false;

  /** Adds an entry of the log, JSON as pino writes it. */
  add(json: string): void {
    const entry = parsed(json);
    if (entry === undefined || this.#isRoutine(entry)) return;
    const note = noteOf(entry);
    const last = this.#notes.findLast(({ venue }) => venue === note.venue);
    const same = last !== undefined && last.reason === note.reason && last.coin === note.coin ? last : undefined;
    const others = this.#notes.filter((one) => one !== same);
    this.#notes = keepMost([...others, same === undefined ? note : joined(same, note)], KEPT);
  }

  /** At most `most` notes, oldest first. The oldest unimportant ones are left out first. */
  latest(most: number): readonly Note[] {
    return keepMost(this.#notes, most).map((note) => ({ level: note.level, text: textOf(note) }));
  }

  #isRoutine({ level, event, venue, line }: LogEntry): boolean {
    const connection = `${venue} ${line}`;
    if (event === 'disconnected') this.#lost.add(connection);
    if (event === 'trading_halted') this.#halted = true;
    if (level !== 'info') return level === 'debug' || level === 'trace';
    if (event === undefined || ROUTINE.has(event)) return true;
    if (event === 'connecting') return line !== undefined;
    if (event === 'trading_resumed') return !this.#halted;
    return event === 'connected' && !this.#lost.delete(connection);
  }
}

/** Events without a note. `gap_detected` needs none, because the gap's outcome makes a note. */
const ROUTINE = new Set(['starting', 'hint', 'status', 'subscribed', 'heartbeat', 'gap_detected']);

const LABELS: Readonly<Record<string, string>> = {
  failed_over: 'failed over',
  failed_back: 'failed back',
  trading_halted: 'trading halted',
  trading_resumed: 'trading resumed',
  region_blocked: 'region blocked',
  rate_limited: 'rate limited',
  subscription_rejected: 'subscription rejected',
  lines_disagree: 'lines disagree',
};

/** Events that end a problem of a whole venue or sink. */
const RELIEF = new Set(['failed_back', 'feed_recovered', 'trading_resumed', 'sink_recovered']);

function noteOf({ level, time, msg, event, venue, coin, line, cause }: LogEntry): TimedNote {
  const quiet = cause === 'quiet_market';
  const severity = level === 'error' || level === 'fatal' ? 'error' : level === 'warn' && !quiet ? 'warn' : 'info';
  const label = LABELS[event ?? ''] ?? '';
  const reason = (msg ?? '')
    .replace(/^(?:line \d+:?|venue:) /, '')
    .replace(/^is open$/, 'open again')
    .replace(/\b(\d{4,}) ms\b/g, (_, ms: string) => duration(Number(ms)));
  // The text of a switch already names its venues.
  const switched = event === 'failed_over' || event === 'failed_back';
  return {
    level: severity,
    important: severity !== 'info' || (RELIEF.has(event ?? '') && line === undefined && coin === undefined),
    clock: time?.slice(11, 19) ?? '',
    venue: switched ? '' : (venue ?? ''),
    coin: coin === undefined || reason.includes(coin) ? '' : coin,
    lines: line === undefined ? [] : [line],
    label,
    reason,
    times: new Map([[`${event} ${line}`, 1]]),
  };
}

/** Joins two notes with the same reason, at the later time. */
function joined(before: TimedNote, after: TimedNote): TimedNote {
  const times = new Map(before.times);
  for (const [name, count] of after.times) times.set(name, (times.get(name) ?? 0) + count);
  return {
    ...after,
    important: before.important || after.important,
    lines: [...new Set([...before.lines, ...after.lines])].sort(),
    label: before.label === '' ? after.label : before.label,
    times,
  };
}

function keepMost(notes: readonly TimedNote[], most: number): readonly TimedNote[] {
  const kept = [...notes];
  while (kept.length > Math.max(0, most)) {
    const minor = kept.slice(0, -1).findIndex(({ important }) => !important);
    kept.splice(Math.max(0, minor), 1);
  }
  return kept;
}

function textOf({ clock, venue, coin, lines, label, reason, times }: TimedNote): string {
  const where = lines.length === 0 ? '' : ` line${lines.length === 1 ? '' : 's'} ${lines.join(', ')}`;
  const subject = [`${venue}${where}`.trim(), coin].filter((part) => part !== '').join(' ');
  const facts = [subject, label, reason].filter((part) => part !== '').join(': ');
  const most = Math.max(...times.values());
  const again = most > 1 ? ` (${most} times)` : '';
  return `${clock} ${facts}${again}`.trim();
}

/** The text and number fields of a log entry. */
type LogEntry = Readonly<Record<string, string | undefined>>;

function parsed(json: string): LogEntry | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null) return undefined;
  const fields = Object.entries(entry).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(fields.map(([name, value]) => [name, String(value)]));
}

/** A single log entry as text, for a terminal without a live status. */
export function logLineText(json: string): string {
  const entry = parsed(json);
  return entry === undefined ? json.trim() : textOf(noteOf(entry));
}
