import { SORTS, type Sort } from './coin-order.ts';
import type { KeyPress } from './keyboard.ts';

export type PageName = 'coins' | 'coin' | 'events' | 'gaps' | 'help';

/** What the keys have chosen. Immutable: each key makes a new one. */
export interface PageState {
  readonly page: PageName;
  /** Id of the selected coin; null: the first of the list. */
  readonly selected: string | null;
  readonly filter: string;
  /** True while the keys write the filter. */
  readonly isTyping: boolean;
  readonly sort: Sort;
  /** How many rows of a long page are above the screen. */
  readonly above: number;
}

export const FIRST_PAGE: PageState = {
  page: 'coins',
  selected: null,
  filter: '',
  isTyping: false,
  sort: 'list',
  above: 0,
};

/** What was on the screen when the key was pressed. */
export interface Shown {
  /** Ids of the coins that match the filter, in their order. */
  readonly ids: readonly string[];
  readonly perColumn: number;
  readonly perPage: number;
  /** How far a long page can be scrolled, rows. */
  readonly mostAbove: number;
  /** Rows of a long page on the screen. */
  readonly pageRows: number;
}

/** Returns the state after a key. Keys without a meaning change nothing. */
export function afterKey(state: PageState, key: KeyPress, shown: Shown): PageState {
  if (state.isTyping) return afterTyped(state, key);
  switch (key.name) {
    case '?':
      return open(state, 'help');
    case 'e':
      return open(state, 'events');
    case 'g':
      return open(state, 'gaps');
    case 'return':
      if (state.page !== 'coins' || shown.ids.length === 0) return state;
      // A coin that moves in the list stays the selected one.
      return { ...state, page: 'coin', selected: shown.ids[selectedIndex(state, shown.ids)] ?? null };
    case 'escape':
      return state.page === 'coins' ? { ...state, filter: '' } : { ...state, page: 'coins' };
    case '/':
      return { ...state, page: 'coins', isTyping: true };
    case 's':
      return { ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? 'list' };
    default:
      return state.page === 'coins' || state.page === 'coin'
        ? select(state, key.name, shown)
        : scroll(state, key.name, shown);
  }
}

/** A second press of a page's key closes it. */
function open(state: PageState, page: PageName): PageState {
  return { ...state, page: state.page === page ? 'coins' : page, above: 0 };
}

function afterTyped(state: PageState, { name, text }: KeyPress): PageState {
  switch (name) {
    case 'return':
      return { ...state, isTyping: false };
    case 'escape':
      return { ...state, isTyping: false, filter: '' };
    case 'backspace':
      return { ...state, filter: state.filter.slice(0, -1) };
    default:
      return /^[\w-]$/.test(text) ? { ...state, filter: state.filter + text, selected: null } : state;
  }
}

function select(state: PageState, name: string, { ids, perColumn, perPage }: Shown): PageState {
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    down: 1,
    left: -perColumn,
    right: perColumn,
    pageup: -perPage,
    pagedown: perPage,
    home: -ids.length,
    end: ids.length,
  };
  const step = steps[name];
  if (step === undefined || ids.length === 0) return state;
  const next = clamp(selectedIndex(state, ids) + step, ids.length - 1);
  return { ...state, selected: ids[next] ?? null };
}

function scroll(state: PageState, name: string, { mostAbove, pageRows }: Shown): PageState {
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    down: 1,
    pageup: -pageRows,
    pagedown: pageRows,
    home: -mostAbove,
    end: mostAbove,
  };
  return { ...state, above: clamp(state.above + (steps[name] ?? 0), mostAbove) };
}

/** The selected coin's place in the list; 0 if it is not in the list. */
export function selectedIndex({ selected }: PageState, ids: readonly string[]): number {
  return selected === null ? 0 : Math.max(0, ids.indexOf(selected));
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(0, value), Math.max(0, most));
}
