import type { StatusSnapshot } from '../../domain/status-snapshot.ts';
import type { Output } from '../arguments/command.ts';
import { renderStatus, type StatusView } from './live-status.ts';
import { type PriceMemory, remember } from './price-memory.ts';

export interface PainterOptions {
  readonly out: Output;
  readonly color: boolean;
  readonly snapshot: () => StatusSnapshot;
  readonly notes: StatusView['notes'];
  readonly hints: () => readonly string[];
}

export interface Painter {
  /** Restores the terminal. */
  close(): void;
}

const EVERY_MS = 2000;
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** Paints the live status on the terminal's alternate screen, every two seconds and after a resize. */
export function paintStatus({ out, color, snapshot, notes, hints }: PainterOptions): Painter {
  let memory: PriceMemory = new Map();
  let last: StatusSnapshot | undefined;
  let busy = false;

  const show = (current: StatusSnapshot) => {
    if (busy) return;
    const { columns, rows } = out.size();
    // The last column stays free: clearing the rest of the row would clear a character there.
    const screen = { columns: columns - 1, rows, color };
    const lines = renderStatus({ snapshot: current, memory, notes, hints: hints() }, screen).map(
      (line) => `${line}\u001b[K`,
    );
    busy = true;
    // One synchronised update, so that the terminal does not flicker; terminals without it ignore the codes.
    void out.write(`\u001b[?2026h\u001b[H${lines.join('\r\n')}\u001b[J\u001b[?2026l`).then(() => {
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
  const leave = () => void out.write(LEAVE);

  void out.write(ENTER);
  process.on('SIGWINCH', repaint);
  process.on('exit', leave);
  paint();
  const timer = setInterval(paint, EVERY_MS);

  return {
    close() {
      clearInterval(timer);
      process.off('SIGWINCH', repaint);
      process.off('exit', leave);
      leave();
    },
  };
}
