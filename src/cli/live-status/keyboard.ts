import { createInterface, emitKeypressEvents } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';

/** The keyboard of a terminal: `process.stdin`. */
export interface Keyboard extends Readable {
  /** Raw: each key is read at once, and the terminal makes no signal of Ctrl-C. */
  setRawMode(isRaw: boolean): unknown;
  /** Whether the keys are for this process. Default: they are. */
  readonly isOurs?: () => boolean;
}

export interface KeyPress {
  /** `up`, `return`, `escape`, …; of a character, the character itself. */
  readonly name: string;
  /** The character, or an empty text. */
  readonly text: string;
}

export type ControlSignal = 'SIGINT' | 'SIGTSTP' | 'SIGQUIT';

export interface KeyListener {
  /** Reads keys from now on, if they are for this process; also after a signal that changed the terminal's mode. */
  take(): void;
  /** Gives the keyboard back to the terminal. */
  release(): void;
}

/** How long an Esc may be the begin of another key's sequence. */
const ESCAPE_MS = 50;
const CONTROL_NAMES: Readonly<Record<string, ControlSignal>> = {
  '\u0003': 'SIGINT',
  '\u001a': 'SIGTSTP',
  '\u001c': 'SIGQUIT',
};

/** Reads single keys. Ctrl-C, Ctrl-Z and Ctrl-\ become the signals that the terminal would have made. */
export function readKeys(
  keyboard: Keyboard,
  onKey: (key: KeyPress) => void,
  onSignal: (signal: ControlSignal) => void,
): KeyListener {
  // Readline takes the time for an Esc from an interface only; this one reads nothing.
  const settings = createInterface({ input: new PassThrough(), escapeCodeTimeout: ESCAPE_MS });
  emitKeypressEvents(keyboard, settings);
  const pressed = (text: string | undefined, key: { readonly name?: string; readonly sequence?: string }) => {
    const signal = CONTROL_NAMES[key.sequence ?? ''];
    if (signal !== undefined) return onSignal(signal);
    const character = text !== undefined && /^[^\p{Cc}]$/u.test(text) ? text : '';
    onKey({ name: character === '' ? (key.name ?? '').replace('enter', 'return') : character, text: character });
  };
  // The terminal is gone; its hang-up ends the process.
  const ignore = () => {};
  const release = () => {
    keyboard.off('keypress', pressed).off('error', ignore);
    keyboard.setRawMode(false);
    keyboard.pause();
  };
  return {
    take() {
      // Node sets the raw mode only if it takes the present mode for another one.
      release();
      if (keyboard.isOurs?.() === false) return;
      keyboard.on('keypress', pressed).on('error', ignore);
      keyboard.setRawMode(true);
      keyboard.resume();
    },
    release,
  };
}
