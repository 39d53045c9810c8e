/** Rows before and after those in view that are in the document too, so that fast scrolling shows no empty place. */
const MORE = 6;

/** The rows that a list needs in the document: from `first` to before `last`. Lengths are pixels. */
export function rowsInView(
  scrollTop: number,
  height: number,
  row: number,
  count: number,
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.floor(scrollTop / row) - MORE);
  return { first: Math.min(first, count), last: Math.min(count, Math.ceil((scrollTop + height) / row) + MORE) };
}

/** The position of the scrollbar that is nearest to `scrollTop` and shows the whole row, pixels. */
export function revealed(index: number, scrollTop: number, height: number, row: number): number {
  return Math.max(Math.min(scrollTop, index * row), (index + 1) * row - height, 0);
}

const PAGE = 10;

/** The index that a key moves to, -1 above the first row; undefined if the key does not move. */
export function nextIndex(key: string, index: number, count: number): number | undefined {
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(index + 1, last);
    case 'ArrowUp':
      return index - 1;
    case 'PageDown':
      return Math.min(index + PAGE, last);
    case 'PageUp':
      return Math.max(index - PAGE, 0);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
