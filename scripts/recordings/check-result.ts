/** The result of a recording: notes to print, and problems. */
export interface CheckResult {
  readonly notes: readonly string[];
  readonly wrong: readonly string[];
  /** Why the recording was skipped: no reader for its format. */
  readonly skipped?: string;
}

/** Compares the found values with the expected ones, by name. Names without an expectation are not compared. */
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
