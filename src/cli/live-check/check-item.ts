/** `info`: additional information, which is neither passed nor failed. */
export type CheckResult = 'pass' | 'fail' | 'info';

/** One row of the table of `check --live`. */
export interface CheckItem {
  readonly name: string;
  readonly result: CheckResult;
  /** For people: what was seen, or what is wrong. */
  readonly detail: string;
}

export const passed = (name: string, detail: string): CheckItem => ({ name, result: 'pass', detail });
export const failed = (name: string, detail: string): CheckItem => ({ name, result: 'fail', detail });
export const noted = (name: string, detail: string): CheckItem => ({ name, result: 'info', detail });

/** An item that passes if there are no problems. */
export function checkedItem(name: string, problems: readonly string[], detail: string): CheckItem {
  return problems.length === 0 ? passed(name, detail) : failed(name, firstOf(problems));
}

const SHOWN = 3;

/** Joins the first three texts, and says how many more there are. */
export function firstOf(texts: readonly string[]): string {
  const more = texts.length - SHOWN;
  return texts.slice(0, SHOWN).join('; ') + (more > 0 ? `; and ${more} more` : '');
}
