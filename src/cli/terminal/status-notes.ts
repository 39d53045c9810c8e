import { duration } from '../../domain/duration.ts';
import { counted } from '../../domain/headline.ts';

/** A log event for people, as one row of text. */
export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

interface TimedNote {
  readonly level: Note['level'];
  /** What is kept if there is little room: 2 errors, halts, failovers and failbacks; 1 warnings and ends of problems; 0 the rest. */
  readonly rank: 0 | 1 | 2;
  /** As in the log, UTC. */
  readonly time: string;
  readonly event: string;
  readonly venue: string;
  readonly coins: readonly string[];
  readonly lines: readonly string[];
  readonly label: string;
  readonly reason: string;
  /** How often each event came on each line. */
  readonly times: ReadonlyMap<string, number>;
}

const KEPT = 500;
/** The same event of several coins makes one note if it comes within this time, milliseconds. */
const TOGETHER_MS = 10_000;
const NAMED_COINS = 5;

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
    const same = last !== undefined && belongTogether(last, note) ? last : undefined;
    const others = this.#notes.filter((one) => one !== same);
    this.#notes = keepMost([...others, same === undefined ? note : joined(same, note)], KEPT);
  }

  /** At most `most` notes, oldest first. The newest warning is always kept. `at`: now; dates of today are left out. */
  latest(most: number, at: number): readonly Note[] {
    const today = new Date(at).toISOString().slice(0, 10);
    return keepMost(this.#notes, most).map((note) => ({ level: note.level, text: textOf(note, today) }));
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
  price_disputed: 'price disputed',
  gap_unrepaired: 'gap not repaired',
  gap_repaired: 'gap repaired',
  gap_healed: 'gap healed',
};

/** Events that end a problem of a whole venue or sink. */
const RELIEF = new Set(['feed_recovered', 'sink_recovered']);
const HALTS = new Set(['trading_halted', 'trading_resumed', 'failed_over', 'failed_back']);

function noteOf({ level, time, msg, event = '', venue, coin, line, cause, missing, filled }: LogEntry): TimedNote {
  const quiet = cause === 'quiet_market';
  const severity = level === 'error' || level === 'fatal' ? 'error' : level === 'warn' && !quiet ? 'warn' : 'info';
  const label = LABELS[event] ?? '';
  const isHalt = HALTS.has(event) && coin === undefined;
  const isRelief = RELIEF.has(event) && line === undefined && coin === undefined;
  const reason = gapText(event, missing, filled) ?? textOfReason(msg ?? '');
  // The text of a switch already names its venues.
  const switched = event === 'failed_over' || event === 'failed_back';
  return {
    level: severity,
    rank: isHalt || severity === 'error' ? 2 : severity === 'warn' || isRelief ? 1 : 0,
    time: time ?? '',
    event,
    venue: switched ? '' : (venue ?? ''),
    coins: coin === undefined || reason.includes(coin) ? [] : [coin],
    lines: line === undefined ? [] : [line],
    label,
    reason,
    times: new Map([[`${event} ${coin} ${line}`, 1]]),
  };
}

function textOfReason(message: string): string {
  return message
    .replace(/^(?:line \d+:?|venue:) /, '')
    .replace(/^is open$/, 'open again')
    .replace(/\b(\d{4,}) ms\b/g, (_, ms: string) => duration(Number(ms)));
}

/** A gap without its trade ids; undefined for other events. */
function gapText(event: string, missing = 'unknown', filled = '0'): string | undefined {
  if (event === 'gap_repaired') return `${counted(Number(filled), 'missing trade')} fetched`;
  if (event !== 'gap_unrepaired') return undefined;
  if (missing === 'unknown') return 'trades may be missing';
  return `${counted(Number(missing) - Number(filled), 'trade')} missing`;
}

/** True for repeats, and for the same event of several coins at about the same time. */
function belongTogether(before: TimedNote, after: TimedNote): boolean {
  if (before.reason === after.reason && before.coins.join() === after.coins.join()) return true;
  const isOfCoins = before.coins.length > 0 && after.coins.length > 0 && before.event === after.event;
  return isOfCoins && Date.parse(after.time) - Date.parse(before.time) <= TOGETHER_MS;
}

/** Joins two notes at the later time. */
function joined(before: TimedNote, after: TimedNote): TimedNote {
  const times = new Map(before.times);
  for (const [name, count] of after.times) times.set(name, (times.get(name) ?? 0) + count);
  return {
    ...after,
    rank: before.rank > after.rank ? before.rank : after.rank,
    coins: [...new Set([...before.coins, ...after.coins])],
    lines: [...new Set([...before.lines, ...after.lines])].sort(),
    label: before.label === '' ? after.label : before.label,
    reason: before.reason === after.reason ? after.reason : '',
    times,
  };
}

/** The newest warning and the highest ranks are kept, in their order. */
function keepMost(notes: readonly TimedNote[], most: number): readonly TimedNote[] {
  if (notes.length <= most) return notes;
  const newest = notes.findLast(({ rank }) => rank > 0);
  const byRank = notes.toReversed().toSorted((a, b) => b.rank - a.rank);
  const inOrder = new Set([...(newest === undefined ? [] : [newest]), ...byRank]);
  const kept = new Set([...inOrder].slice(0, Math.max(0, most)));
  return notes.filter((note) => kept.has(note));
}

/** `today`: a date that the text leaves out. */
function textOf({ time, venue, coins, lines, label, reason, event, times }: TimedNote, today: string): string {
  const date = time.slice(0, 10);
  const clock = `${date === today || date === '' ? '' : `${date} `}${time.slice(11, 19)}`;
  const where = lines.length === 0 ? '' : ` line${lines.length === 1 ? '' : 's'} ${lines.join(', ')}`;
  const subject = [`${venue}${where}`.trim(), coinsText(coins)].filter((part) => part !== '').join(' ');
  const what = label === '' && reason === '' ? event.replaceAll('_', ' ') : label;
  const facts = [subject, what, reason].filter((part) => part !== '').join(': ');
  const most = Math.max(...times.values());
  const again = most > 1 ? ` (${most} times)` : '';
  return `${clock} ${facts}${again}`.trim();
}

function coinsText(coins: readonly string[]): string {
  if (coins.length <= NAMED_COINS) return coins.join(', ');
  return `${coins.length} coins (${coins.slice(0, NAMED_COINS - 2).join(', ')}, …)`;
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
  return entry === undefined ? json.trim() : textOf(noteOf(entry), entry.time?.slice(0, 10) ?? '');
}
