import { signal } from '@preact/signals';
import { nextSorting, type SortFigures, type Sorting, type SortKey, sortCoins } from '../model/sort-coins.ts';
import type { CoinRow } from '../state/coin-row.ts';
import { rows } from '../state/feed-state.ts';
import { now } from '../state/page-clock.ts';
import { select } from '../state/selection.ts';
import { CoinLine } from './coin-line.tsx';
import { Panel } from './panel.tsx';

const sorting = signal<Sorting>({ key: 'listed', descending: false });
const wanted = signal('');

interface Column {
  /** The sort key that a click on the column's head selects. */
  readonly by?: SortKey;
  readonly name: string;
  readonly text: string;
}

const COLUMNS: readonly Column[] = [
  { by: 'coin', name: 'coin', text: 'Coin' },
  { by: 'price', name: 'price', text: 'Price' },
  { by: 'change', name: 'change', text: '24 h' },
  { name: 'trend', text: 'Trend' },
  { by: 'trades', name: 'trades', text: 'Trd/s' },
  { by: 'flow', name: 'flow', text: 'Flow' },
  { by: 'venue', name: 'venue', text: 'Venue' },
  { by: 'age', name: 'age', text: 'Age' },
];

export function Coins() {
  const shown = shownRows();
  return (
    <Panel
      id="coins"
      title="Coins"
      tools={
        <input
          id="filter"
          class="filter"
          type="search"
          placeholder="Filter  /"
          aria-label="Filter coins"
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => {
            wanted.value = currentTarget.value;
          }}
          onKeyDown={onFilterKey}
        />
      }
    >
      <table class="coins">
        <caption class="unseen">
          Coins with their last prices. Arrow keys move between coins, Enter selects one.
        </caption>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <Head key={column.name} {...column} />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={onRowKey}>
          {shown.map((row) => (
            <CoinLine key={row.symbol} row={row} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p class="empty">{rows.value.length === 0 ? 'No coin yet.' : 'No coin of that name.'}</p>}
    </Panel>
  );
}

function Head({ by, name, text }: Column) {
  const { key, descending } = sorting.value;
  if (by === undefined)
    return (
      <th class={`c-${name}`} scope="col">
        {text}
      </th>
    );
  const sorted = key === by;
  return (
    <th class={`c-${name}`} scope="col" aria-sort={sorted ? (descending ? 'descending' : 'ascending') : 'none'}>
      <button
        type="button"
        onClick={() => {
          sorting.value = nextSorting(sorting.value, by);
        }}
      >
        {text}
        <span aria-hidden="true">{sorted ? (descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

function shownRows(): readonly CoinRow[] {
  const asked = wanted.value.trim().toUpperCase();
  const found = asked === '' ? rows.value : rows.value.filter(({ symbol }) => symbol.includes(asked));
  const { key } = sorting.value;
  // If the key's values move, reading `now` sorts the rows again twice a second. The values themselves do not repaint
  // the table.
  if (key !== 'listed' && key !== 'coin') now.value;
  return sortCoins(found, figuresOf, sorting.value);
}

function figuresOf(row: CoinRow): SortFigures {
  return {
    coin: row.coin,
    price: row.price.peek(),
    change: row.change.peek(),
    trades: row.tradesPerSecond.peek(),
    buyRatio: row.buyRatio.peek(),
    venue: row.venue.peek() ?? '',
    age: now.peek() - (row.seenAt.peek() ?? Number.NEGATIVE_INFINITY),
  };
}

function onFilterKey(event: KeyboardEvent): void {
  const first = document.querySelector<HTMLAnchorElement>('.coins tbody a');
  if (event.key === 'Enter') {
    const symbol = first?.dataset.symbol;
    if (symbol !== undefined) select(symbol);
  } else if (event.key === 'ArrowDown') {
    event.preventDefault();
    first?.focus();
  }
}

/** Handles keys: arrow keys go from coin to coin, Enter follows the link, typed text goes into the filter. */
function onRowKey(event: KeyboardEvent): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.coins tbody a')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (next === undefined) {
    if (/^\w$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) focusFilter();
    return;
  }
  event.preventDefault();
  if (next < 0) focusFilter();
  links[next]?.focus();
}

/** Makes the key `/` go to the filter from anywhere. */
export function startFilterKey(): void {
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.activeElement instanceof HTMLInputElement) return;
    event.preventDefault();
    focusFilter();
  });
}

function focusFilter(): void {
  document.getElementById('filter')?.focus();
}
