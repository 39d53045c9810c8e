import type { StatusSnapshot } from '../../domain/status-snapshot.ts';
import type { Output } from '../arguments/command.ts';
import { type PriceMemory, remember } from '../terminal/price-memory.ts';
import { coinsWithIds } from './coin-order.ts';
import { type ControlSignal, type Keyboard, type KeyPress, readKeys } from './keyboard.ts';
import { renderStatus, type StatusView } from './live-screen.ts';
import { afterKey, FIRST_PAGE, type Shown } from './page-state.ts';

export interface PainterOptions extends Pick<StatusView, 'notes' | 'records'> {
  readonly out: Output;
  /** Undefined: there are no keys. */
  readonly keyboard: Keyboard | undefined;
  readonly color: boolean;
  readonly snapshot: () => StatusSnapshot;
  readonly hints: () => readonly string[];
  /** Called when `q` is pressed. */
  readonly onQuit: () => void;
}

export interface Painter {
  /** Restores the terminal. */
  close(): void;
}

const EVERY_MS = 2000;
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** Paints the live status on the terminal's alternate screen every two seconds, after a key and after a resize. */
export function paintStatus(options: PainterOptions): Painter {
  const { out, keyboard, color, snapshot, notes, records, hints, onQuit } = options;
  let memory: PriceMemory = new Map();
  let last: StatusSnapshot | undefined;
  let state = FIRST_PAGE;
  let shown: Shown | undefined;
  let isWriting = false;
  let isChanged = false;
  let isLeft = true;

  const show = () => {
    if (last === undefined || isLeft) return;
    if (isWriting) {
      isChanged = true;
      return;
    }
    const { columns, rows } = out.size();
    // The last column stays free: clearing the rest of the row would clear a character there.
    const screen = { columns: columns - 1, rows, color };
    const view = { snapshot: last, memory, notes, records, hints: hints(), state, hasKeys: keyboard !== undefined };
    const painted = renderStatus(view, screen);
    shown = painted.shown;
    const lines = painted.rows.map((line) => `${line}\u001b[K`);
    isWriting = true;
    // One synchronised update, so that the terminal does not flicker; terminals without it ignore the codes.
    void out.write(`\u001b[?2026h\u001b[H${lines.join('\r\n')}\u001b[J\u001b[?2026l`).then(() => {
      isWriting = false;
      if (!isChanged) return;
      isChanged = false;
      show();
    });
  };
  const paint = () => {
    last = snapshot();
    memory = remember(memory, coinsWithIds(last));
    show();
  };
  const onKey = (key: KeyPress) => {
    if (key.name === 'q' && !state.isTyping) return onQuit();
    if (shown !== undefined) state = afterKey(state, key, shown);
    show();
  };

  const leave = () => {
    if (isLeft) return;
    isLeft = true;
    keys?.release();
    void out.write(LEAVE);
  };
  const enter = () => {
    isLeft = false;
    keys?.take();
    void out.write(ENTER);
    paint();
  };
  /** Restores the terminal, then sends the signal again, to do what it does by default. `to`: 0 is the whole group. */
  const giveWay = (signal: 'SIGTSTP' | 'SIGQUIT', to: number) => {
    leave();
    process.off(signal, signal === 'SIGTSTP' ? onStop : onAbort);
    process.kill(to, signal);
  };
  const onStop = () => giveWay('SIGTSTP', process.pid);
  const onAbort = () => giveWay('SIGQUIT', process.pid);
  const onContinue = () => {
    process.off('SIGTSTP', onStop).on('SIGTSTP', onStop);
    enter();
  };
  const onControl = (signal: ControlSignal) => {
    if (signal === 'SIGINT') process.kill(process.pid, signal);
    // As the terminal does, so that the shell takes over from a process that started this one.
    else giveWay(signal, 0);
  };
  const keys = keyboard === undefined ? undefined : readKeys(keyboard, onKey, onControl);
  const listeners = { SIGWINCH: show, SIGCONT: onContinue, SIGTSTP: onStop, SIGQUIT: onAbort, exit: leave } as const;

  enter();
  for (const [name, listener] of Object.entries(listeners)) process.on(name, listener);
  const timer = setInterval(() => {
    if (!isLeft) paint();
  }, EVERY_MS);

  return {
    close() {
      clearInterval(timer);
      for (const [name, listener] of Object.entries(listeners)) process.off(name, listener);
      leave();
    },
  };
}
