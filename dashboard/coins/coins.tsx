import { signal } from '@preact/signals';
import { rows } from '../feed/feed-state.ts';
import { now } from '../page/page-clock.ts';
import { Panel } from '../page/panel.tsx';
import { CoinLine } from './coin-line.tsx';
import type { CoinRow } from './coin-row.ts';
import { choose, focusFilter, useCoinScroll } from './coin-scroll.ts';
import { nextSorting, type SortFigures, type Sorting, type SortKey, sortCoins } from './sort-coins.ts';

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

/** Shows all coins in a panel of its own height. Only the rows in view are in the document. */
export function Coins() {
  const shown = shownRows();
  const { key, descending } = sorting.value;
  const scroll = useCoinScroll(shown, `${wanted.value} ${key} ${descending}`);
  return (
    <Panel
      id="coins"
      title="Coins"
      tools={
        <>
          <span class="note">{shown.length < rows.value.length ? `${shown.length} of ${rows.value.length}` : ''}</span>
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
            onKeyDown={(event) => {
              const [first] = shown;
              if (event.key === 'Enter' && first !== undefined) choose(first.symbol);
              if (event.key !== 'ArrowDown') return;
              event.preventDefault();
              scroll.focus(0);
            }}
          />
        </>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it handles keys for the row that has the focus, or had it before it was scrolled away */}
      <div
        ref={scroll.ref}
        class="scroll coin-scroll"
        tabIndex={-1}
        onScroll={scroll.look}
        onKeyDown={(event) => {
          if (!scroll.onKey(event)) return;
          event.preventDefault();
        }}
      >
        <div style={{ paddingTop: `${scroll.before}px`, paddingBottom: `${scroll.after}px` }}>
          <table class="coins" aria-rowcount={shown.length + 1}>
            <caption class="unseen">
              Coins with their last prices. Arrow keys move between coins, Enter selects one.
            </caption>
            <thead>
              <tr aria-rowindex={1}>
                {COLUMNS.map((column) => (
                  <Head key={column.name} {...column} />
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.slice(scroll.first, scroll.last).map((row, at) => (
                <CoinLine
                  key={row.symbol}
                  row={row}
                  index={scroll.first + at}
                  isTabStop={scroll.first + at === scroll.tabStop}
                />
              ))}
            </tbody>
          </table>
        </div>
      </div>
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
        <span aria-hidden="true">{sorted ? (descending ? '↓' : '↑') : ''}</span>
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

/** Makes the key `/` go to the filter from anywhere. */
export function startFilterKey(): void {
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.activeElement instanceof HTMLInputElement) return;
    event.preventDefault();
    focusFilter();
  });
}
