export interface Order<T> {
  readonly timeOf: (item: T) => number;
  /** More are not kept: the oldest goes. */
  readonly most: number;
  /** Whether an item takes the place of one of the same time. Default: always. */
  readonly replaces?: (item: T, known: T) => boolean;
}

/** Puts an item into a list that rises by time; mostly it belongs at the end, or in the place of the last. */
export function putInOrder<T>(list: T[], item: T, { timeOf, most, replaces = () => true }: Order<T>): void {
  const time = timeOf(item);
  const at = list.findLastIndex((known) => timeOf(known) <= time);
  const known = list[at];
  if (known === undefined || timeOf(known) !== time) list.splice(at + 1, 0, item);
  else if (replaces(item, known)) list[at] = item;
  if (list.length > most) list.shift();
}
