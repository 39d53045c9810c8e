import { hideCredentials } from '../../domain/options/hide-credentials.ts';
import { nearestKey } from '../../domain/options/nearest-key.ts';
import type { Keyboard } from '../live-status/keyboard.ts';
import { visible, visibleJson } from '../terminal/terminal-text.ts';

/**
 * A command of `market-feed`: a module that exports `command`, plus one line in commands.ts. `run` returns the exit
 * code: 0 done, 1 failed, 3 another writer has taken over. A UsageError or ConfigError ends in 2, any other error in 1.
 * `run` ends soon after `signal` aborts. `run` imports heavy modules itself, so that help and errors are instant.
 */
export interface Command {
  /** The command line after `market-feed `. */
  readonly usage: string;
  /** Paragraphs below the usage. */
  readonly about?: string;
  /** The options by name, without dashes. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Maximum number of words beside the options. */
  readonly maxArguments?: number;
  run(context: CommandContext): Promise<number>;
}

export interface OptionSpec {
  /** Placeholder of the value, `FILE`; an option without it is a flag. */
  readonly value?: string;
  /** `list`: may be given several times, each time with several values, separated by blanks or commas. */
  readonly many?: 'list';
  /** True: the value may be left out; then `flag` is true and `text` undefined. */
  readonly isOptional?: true;
  readonly help: string;
}

export interface CommandContext {
  readonly options: OptionValues;
  /** Words that are not options. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Data for people and scripts. */
  readonly out: Output;
  /** Log entries and error messages. */
  readonly err: Output;
  /** Undefined: stdin is not a terminal. */
  readonly keyboard?: Keyboard | undefined;
  /** Aborts when the command should end. */
  readonly signal: AbortSignal;
}

export interface Output {
  readonly isTerminal: boolean;
  /** The terminal's present size. */
  size(): { readonly columns: number; readonly rows: number };
  /** Resolves when the text is handed to the system. Writing to a closed pipe does nothing. */
  write(text: string): Promise<void>;
}

/** Writes a command's result: words for people on a terminal, a JSON line for scripts. */
export function writeResult(out: Output, words: string, json: object): Promise<void> {
  return out.write(`${out.isTerminal ? words : visibleJson(JSON.stringify(json))}\n`);
}

/** Writes a message for people as one row, without logins. */
export function writeProblem(err: Output, message: string): Promise<void> {
  return err.write(problemRow(message));
}

export function problemRow(message: string): string {
  return `market-feed: ${visible(hideCredentials(message))}\n`;
}

/** An error in the command line, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type NumberKind = 'whole' | 'any';

/** Option values, with the conversions that commands need. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  texts(name: string): readonly string[] | undefined {
    return this.#values.get(name);
  }

  /** A number from min to max, by default whole. @throws UsageError */
  number(name: string, min: number, max: number, kind: NumberKind = 'whole'): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : numberIn(`--${name}`, text, min, max, kind);
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : choiceIn(`--${name}`, text, allowed);
  }
}

/** Parses an option or argument as a number. @throws UsageError */
export function numberIn(name: string, text: string, min: number, max: number, kind: NumberKind = 'whole'): number {
  const value = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (kind === 'any' || Number.isInteger(value))) return value;
  const allowed = `a ${kind === 'whole' ? 'whole number' : 'number'} from ${min} to ${max}`;
  throw new UsageError(`${name}: found "${text}", allowed: ${allowed}`);
}

/** Parses an option or argument as one of `allowed`. @throws UsageError */
export function choiceIn<const T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T {
  if (text === undefined) throw new UsageError(`${name} is missing, allowed: ${allowed.join(', ')}`);
  const found = allowed.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`${name}: found "${text}", allowed: one of ${allowed.join(', ')}${didYouMean(text, allowed)}`);
}

export function didYouMean(text: string, names: Iterable<string>): string {
  const near = nearestKey(text, names);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
