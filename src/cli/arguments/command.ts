import { nearestKey } from '../../config/nearest-key.ts';

/**
 * A command of `market-feed` is a module that exports `command`, plus one line in commands.ts. `run` returns the exit code:
 * 0 done, 1 failed. It throws UsageError (or a ConfigError) for what the user got wrong, exit code 2; any other error is
 * printed and ends in 1. It ends soon after `signal` aborts (SIGINT, SIGTERM, or stdout closed). Heavy modules are imported
 * inside `run`, so that help and errors are instant.
 */
export interface Command {
  /** After `market-feed `. */
  readonly usage: string;
  /** Paragraphs below the usage. */
  readonly about?: string;
  /** Names without dashes. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** How many words may stand beside the options; more is a usage error. */
  readonly maxArguments?: number;
  run(context: CommandContext): Promise<number>;
}

export interface OptionSpec {
  /** Placeholder of the value, `FILE`; without it the option is a flag. */
  readonly value?: string;
  /** `list`: may be given several times, and takes several words (or commas) at once. */
  readonly many?: 'list';
  readonly help: string;
}

export interface CommandContext {
  readonly options: OptionValues;
  /** Words that are no options. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Data for people's eyes and scripts. */
  readonly out: Output;
  /** Logs and complaints. */
  readonly err: Output;
  /** Aborts when the command shall end. */
  readonly signal: AbortSignal;
}

export interface Output {
  readonly isTerminal: boolean;
  /** Of the terminal at this moment. */
  size(): { readonly columns: number; readonly rows: number };
  /** Resolves when there is room for more. Writing to a closed pipe does nothing. */
  write(text: string): Promise<void>;
}

/** What came of a command: for people in words, for scripts as a JSON line. */
export function writeResult(out: Output, words: string, json: object): Promise<void> {
  return out.write(`${out.isTerminal ? words : JSON.stringify(json)}\n`);
}

/** The user got something wrong on the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type NumberKind = 'whole' | 'any';

/** Option values as given, with the conversions that commands need. */
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

  /** A number from min to max, whole unless said otherwise; anything else is a usage error. */
  number(name: string, min: number, max: number, kind: NumberKind = 'whole'): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : numberIn(`--${name}`, text, min, max, kind);
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : choiceIn(`--${name}`, text, allowed);
  }
}

/** The number that an option or argument says. */
export function numberIn(name: string, text: string, min: number, max: number, kind: NumberKind = 'whole'): number {
  const value = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (kind === 'any' || Number.isInteger(value))) return value;
  const allowed = `a ${kind === 'whole' ? 'whole number' : 'number'} from ${min} to ${max}`;
  throw new UsageError(`${name}: found "${text}", allowed: ${allowed}`);
}

/** The one of `allowed` that an option or argument says. */
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
