/** The name most like `text` (few edits, ignoring case), or else one that starts with `text`; undefined: none. */
export function nearestKey(text: string, names: Iterable<string>): string | undefined {
  const wanted = text.slice(0, 100).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  let startsWithIt: string | undefined;
  for (const name of names) {
    if (name === text) continue;
    if (wanted.length >= 2 && name.toLowerCase().startsWith(wanted)) startsWithIt ??= name;
    const distance = editDistance(wanted, name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best ?? startsWithIt;
}

/** A question for a message, `did you mean feed?`; undefined if no name is close. */
export function hintFor(text: string, names: Iterable<string>): string | undefined {
  const near = nearestKey(text, names);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

/** How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
