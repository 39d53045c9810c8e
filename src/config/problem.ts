/** One problem of the configuration, for a message to the user. */
export interface Problem {
  /** File, environment variable or command-line option. */
  readonly where: string;
  /** Line in the file, from 1. */
  readonly line?: number;
  /** Dotted key, `feed.stale_after_ms`; empty for the whole file. */
  readonly key: string;
  /** The value as `shown` prints it; may be empty. */
  readonly found: string;
  readonly allowed: string;
  /** Help for the user, such as `did you mean trade?`. */
  readonly hint?: string | undefined;
}

/** An error for a file, or a whole configuration, that cannot be used at all. */
export function unusable(where: string, found: string, allowed: string): ConfigError {
  return new ConfigError([{ where, key: '', found, allowed }]);
}

/** The configuration is not valid; `message` has one line for each problem. */
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
