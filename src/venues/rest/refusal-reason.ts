/** Enough for a sentence; a page of it helps nobody. */
const MOST_CHARACTERS = 160;
const READ_CHARACTERS = 4096;

/** The status and the answer's body as one short line of text, without a page's mark-up. */
export function refusalReason(status: number, body: string): string {
  const text = body
    .slice(0, READ_CHARACTERS)
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(/<!--[\s\S]*?-->|<\/?[a-z!][^>]*(?:>|$)/gi, ' ')
    .replace(/&nbsp;/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
  return `HTTP ${status}${cut === '' ? '' : `: ${cut}`}`;
}
