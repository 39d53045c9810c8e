import { hideCredentials } from '../domain/hide-credentials.ts';

/** One thing wrong with the configuration, as a user needs it told. */
export interface Problem {
  /** File, environment variable or command-line option. */
  readonly where: string;
  /** Line in the file, from 1. */
  readonly line?: number;
  /** Dotted key, `feed.stale_after_ms`; empty: the whole file. */
  readonly key: string;
  /** The value that was found, as shown by `shown`; empty: the words of `allowed` say it. */
  readonly found: string;
  /** What would be right. */
  readonly allowed: string;
  /** A nearest name, or another help. */
  readonly hint?: string | undefined;
}

/** A file, or the whole configuration, that cannot be used at all. */
export function unusable(where: string, found: string, allowed: string): ConfigError {
  return new ConfigError([{ where, key: '', found, allowed }]);
}

/** The configuration cannot be used; `problems` has everything that is wrong with it, `message` a line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted((a, b) => (a.where === b.where ? (a.line ?? 0) - (b.line ?? 0) : 0));
    super(sorted.map(describe).join('\n'));
    this.problems = sorted;
  }
}

function describe({ where, line, key, found, allowed, hint }: Problem): string {
  const facts = [
    line === undefined ? ': ' : `:${line}: `,
    key === '' ? '' : `${key}: `,
    found === '' ? '' : `found ${found}, `,
    allowed,
    hint === undefined ? '' : ` (${hint})`,
  ];
  return `${where}${facts.join('')}`;
}

/** Keys whose values are no one else's business. */
export const SECRET_NAME = /pass|secret|token|key/i;

/** A value as text for a message: one line, cut where long; what a key within it keeps secret is hidden. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text =
    typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : (JSON.stringify(value, withoutSecrets) ?? String(value));
  const line = hideCredentials(text);
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}

const withoutSecrets = (key: string, value: unknown): unknown => (SECRET_NAME.test(key) ? '[hidden]' : value);
