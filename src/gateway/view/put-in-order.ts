export interface Order<T> {
  readonly timeOf: (item: T) => number;
  /** Maximum number of items; beyond it, the oldest is dropped. */
  readonly most: number;
  /** Whether an item replaces one of the same time. Default: always. */
  readonly replaces?: (item: T, known: T) => boolean;
}

/** Inserts an item into a list sorted by time. It searches from the end, where most items belong. */
export function putInOrder<T>(list: T[], item: T, { timeOf, most, replaces = () => true }: Order<T>): void {
  const time = timeOf(item);
  const at = list.findLastIndex((known) => timeOf(known) <= time);
  const known = list[at];
  if (known === undefined || timeOf(known) !== time) list.splice(at + 1, 0, item);
  else if (replaces(item, known)) list[at] = item;
  if (list.length > most) list.shift();
}
