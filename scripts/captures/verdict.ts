/** What a recording came to: what is to be notes of it, and what is wrong. */
export interface Verdict {
  readonly notes: readonly string[];
  readonly wrong: readonly string[];
  /** Nothing here can read it. */
  readonly skipped?: string;
}

/** Compares what was found with what a file beside the recording expects, by name; what the file does not name is free. */
export function differences(
  expected: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
): string[] {
  if (!Object.keys(expected).some((name) => name in found)) return ['nothing of what is expected is known here'];
  return Object.entries(expected).flatMap(([name, value]) => {
    if (!(name in found)) return [];
    const [wanted, is] = [JSON.stringify(value), JSON.stringify(found[name] ?? null)];
    return wanted === is ? [] : [`${name}: expected ${shortened(wanted)}, found ${shortened(is)}`];
  });
}

function shortened(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
