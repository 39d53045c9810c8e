import type { FeedSnapshot } from '../pipeline/snapshot.ts';
import type { Output } from './command.ts';
import { renderStatus, type StatusView } from './live-status.ts';
import { type PriceMemory, remember } from './price-memory.ts';

export interface PainterOptions {
  readonly out: Output;
  readonly color: boolean;
  readonly snapshot: () => FeedSnapshot;
  readonly hints: () => readonly string[];
}

export interface Painter {
  /** Keeps what was logged for the next paint; JSON as pino writes it. */
  note(json: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

const EVERY_MS = 2000;
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const KEPT_NOTES = 20;

/** Paints the live status on the terminal's alternate screen, every two seconds and after a resize, each paint in one write. */
export function paintStatus({ out, color, snapshot, hints }: PainterOptions): Painter {
  const notes: StatusView['notes'][number][] = [];
  let memory: PriceMemory = new Map();
  let last: FeedSnapshot | undefined;
  let busy = false;

  const show = (current: FeedSnapshot) => {
    if (busy) return;
    const { columns, rows } = out.size();
    // The last column stays free: a character there leaves the cursor on itself, and clearing the rest would clear it.
    const lines = renderStatus(
      { snapshot: current, memory, notes, hints: hints() },
      { columns: columns - 1, rows, color },
    );
    busy = true;
    // Synchronised update: terminals that know it show the frame at once, the others ignore it.
    void out
      .write(`\u001b[?2026h\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J\u001b[?2026l`)
      .then(() => {
        busy = false;
      });
  };
  const paint = () => {
    last = snapshot();
    memory = remember(memory, last.coins);
    show(last);
  };
  const repaint = () => {
    if (last !== undefined) show(last);
  };
  const leave = () => {
    void out.write(LEAVE);
  };

  void out.write(ENTER);
  process.on('SIGWINCH', repaint);
  process.on('exit', leave);
  paint();
  const timer = setInterval(paint, EVERY_MS);

  return {
    note(json) {
      const entry = noteOf(json);
      if (entry !== undefined) notes.push(entry);
      if (notes.length > KEPT_NOTES) notes.shift();
    },
    close() {
      clearInterval(timer);
      process.off('SIGWINCH', repaint);
      process.off('exit', leave);
      leave();
    },
  };
}

function noteOf(json: string): StatusView['notes'][number] | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { level, time, msg, venue, line, event: _event, active_venue: _active, url: _url, ...fields }: LogEntry = entry;
  const details = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const clock = typeof time === 'string' ? `${time.slice(11, 19)} ` : '';
  const subject = typeof venue === 'string' ? `${venue}${typeof line === 'string' ? ` line ${line}` : ''}: ` : '';
  const severity = level === 'error' || level === 'fatal' ? 'error' : level === 'warn' ? 'warn' : 'info';
  return { level: severity, text: `${clock}${subject}${String(msg ?? '')}${details.join('')}` };
}

type LogEntry = Readonly<
  Partial<Record<'level' | 'time' | 'msg' | 'venue' | 'line' | 'event' | 'active_venue' | 'url', unknown>>
>;
