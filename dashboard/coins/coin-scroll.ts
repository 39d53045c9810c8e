import { signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { select, selected } from '../page/selection.ts';
import type { CoinRow } from './coin-row.ts';
import { nextIndex, revealed, rowsInView } from './rows-in-view.ts';

/** The rows that are in the document. */
const range = signal({ first: 0, last: 40 });
/** The symbol that the keyboard is on. */
export const active = signal<string | undefined>(undefined);
/** The symbol whose link gets the focus as soon as its row is in the document. */
let awaitsFocus: string | undefined;

/** The height of a row and of the table's head, pixels; coins.css sets the same. */
const ROW = 28;
const HEAD = 28;

interface CoinScroll {
  readonly ref: RefObject<HTMLDivElement | null>;
  /** The rows from `first` to before `last` are in the document. */
  readonly first: number;
  readonly last: number;
  /** Heights of the rows before and after them, pixels. */
  readonly before: number;
  readonly after: number;
  /** The index of the one row that the Tab key reaches. */
  readonly tabStop: number;
  readonly look: () => void;
  /** Moves the focus to a row, which is scrolled into view. */
  readonly focus: (index: number) => void;
  /** Handles a key; true if it is done with it. */
  readonly onKey: (event: KeyboardEvent) => boolean;
}

/**
 * The scrolling of the list of coins: which rows are in the document, and which one has the focus. The selected row
 * comes into view when it, or `order`, changes, and stays in view when rows change places.
 */
export function useCoinScroll(shown: readonly CoinRow[], order: string): CoinScroll {
  const ref = useRef<HTMLDivElement>(null);
  const seen = useRef({ selected: '', order: '', index: -1 });
  const last = Math.min(range.value.last, shown.length);
  const first = Math.min(range.value.first, Math.max(0, last - 1));
  const indexOf = (symbol: string | undefined) => shown.findIndex((row) => row.symbol === symbol);
  const isInDocument = (index: number) => index >= first && index < last;
  const tabStop = [indexOf(active.value), indexOf(selected.value)].find(isInDocument) ?? first;

  const look = () => {
    const box = ref.current;
    if (box === null) return;
    const next = rowsInView(box.scrollTop, box.clientHeight - HEAD, ROW, shown.length);
    const index = box.contains(document.activeElement) ? indexOf(active.peek()) : -1;
    // The row leaves the document, so the list itself keeps the focus.
    if (index !== -1 && (index < next.first || index >= next.last)) box.focus({ preventScroll: true });
    const { first: from, last: to } = range.peek();
    if (from !== next.first || to !== next.last) range.value = next;
  };
  const reveal = (index: number) => {
    const box = ref.current;
    if (box === null || index < 0) return;
    box.scrollTop = revealed(index, box.scrollTop, box.clientHeight - HEAD, ROW);
    look();
  };
  const focus = (index: number) => {
    const symbol = shown[index]?.symbol;
    if (symbol === undefined) return;
    active.value = symbol;
    awaitsFocus = symbol;
    reveal(index);
    focusAwaited(ref.current);
  };

  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => look());
    observer.observe(box);
    return () => observer.disconnect();
  }, [shown.length]);
  useLayoutEffect(() => {
    const box = ref.current;
    focusAwaited(box);
    if (box === null) return;
    const { selected: before, order: orderBefore, index: indexBefore } = seen.current;
    const symbol = selected.value ?? '';
    const index = indexOf(symbol);
    seen.current = { selected: symbol, order, index };
    const wasInView =
      indexBefore >= 0 && revealed(indexBefore, box.scrollTop, box.clientHeight - HEAD, ROW) === box.scrollTop;
    if (symbol !== before || order !== orderBefore || (index !== indexBefore && wasInView)) reveal(index);
    else look();
  });

  return {
    ref,
    first,
    last,
    before: first * ROW,
    after: (shown.length - last) * ROW,
    tabStop,
    look,
    focus,
    onKey: (event) => {
      const target = event.target;
      const onLink = target instanceof HTMLAnchorElement ? indexOf(target.dataset.symbol) : indexOf(active.peek());
      const next = nextIndex(event.key, onLink, shown.length);
      if (next === undefined) {
        if (/^\w$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) focusFilter();
        return false;
      }
      if (next < 0) focusFilter();
      else focus(next);
      return true;
    },
  };
}

function focusAwaited(box: HTMLDivElement | null): void {
  if (awaitsFocus === undefined || box === null) return;
  const link = box.querySelector<HTMLAnchorElement>(`a[data-symbol="${CSS.escape(awaitsFocus)}"]`);
  if (link === null) return;
  awaitsFocus = undefined;
  link.focus({ preventScroll: true });
}

/** Moves the focus to the filter of the list. */
export function focusFilter(): void {
  document.getElementById('filter')?.focus();
}

/** Selects a coin. If its detail is not in view, as on a phone, scrolls to it. */
export function choose(symbol: string): void {
  select(symbol);
  requestAnimationFrame(() => {
    const detail = document.getElementById('coin');
    if (detail === null) return;
    const { top } = detail.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) detail.scrollIntoView({ block: 'start' });
  });
}
