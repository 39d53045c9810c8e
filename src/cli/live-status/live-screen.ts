import type { StatusSnapshot } from '../../domain/status-snapshot.ts';
import type { PriceMemory } from '../terminal/price-memory.ts';
import type { StatusNotes } from '../terminal/status-notes.ts';
import { span, toRow } from '../terminal/terminal-text.ts';
import { listedCoins } from './coin-order.ts';
import { coinPage } from './coin-page.ts';
import { coinBlock, FULL_COIN_WIDTH, leastCoinRows } from './coins.ts';
import { gapRows } from './gap-page.ts';
import { footerRow, helpRows } from './help-page.ts';
import { eventRows, noteRow } from './notes.ts';
import { type PageState, type Shown, selectedIndex } from './page-state.ts';
import { beside, type Room, type Row, type Screen } from './screen.ts';
import type { ShownRecords } from './shown-records.ts';
import { countRows, isInTrouble, latencyRows, sinkRow } from './sinks.ts';
import { titleRows } from './title.ts';
import { venueStrip, venueTable } from './venues.ts';

export interface StatusView {
  readonly snapshot: StatusSnapshot;
  /** The prices painted so far, including this snapshot's. */
  readonly memory: PriceMemory;
  readonly notes: Pick<StatusNotes, 'latest'>;
  readonly records: Pick<ShownRecords, 'market' | 'gaps'>;
  /** Files and commands, one row each. */
  readonly hints: readonly string[];
  readonly state: PageState;
  /** False: there are no keys, so that no row names them. */
  readonly hasKeys: boolean;
}

export interface LiveScreen {
  readonly rows: readonly string[];
  readonly shown: Shown;
}

/** The live status as at most `rows` rows of at most `columns` columns. */
export function renderStatus(view: StatusView, screen: Screen): LiveScreen {
  const { snapshot, hasKeys, state } = view;
  const { columns, rows, color } = screen;
  const title = titleRows(snapshot, screen);
  const footer = hasKeys ? [footerRow(state)] : [];
  const [warning] = state.page === 'coins' || state.page === 'events' ? [] : view.notes.latest(1, snapshot.at);
  const bottom = [...(warning === undefined ? [] : [noteRow(warning)]), ...footer];
  const room = { columns, rows: Math.max(0, rows - title.length - bottom.length) };
  const body = state.page === 'coins' ? coinsBody(view, room) : pageBody(view, room);
  const filled = Array.from({ length: hasKeys ? room.rows : 0 }, (_, row): Row => body.rows[row] ?? []);
  const all = [...title, ...(hasKeys ? filled : body.rows.slice(0, room.rows)), ...bottom];
  return { rows: all.slice(0, rows).map((row) => toRow(row, columns, color)), shown: body.shown };
}

interface Body {
  readonly rows: readonly Row[];
  readonly shown: Shown;
}

/** From this size on, the selected coin's book and trades are beside the coins. */
const DETAIL_FROM = { columns: 150, rows: 24 };
/** The least columns of a table of venues, and the least rows that it leaves to the coins. */
const TABLE_COLUMNS = 52;
const TABLE_LEAST = 5;
/** The reasons of venues have rows of their own if that leaves as many rows to the coins. */
const WHOLE_LEAST = 16;
/** From this many rows on, a few rows are kept for notes although not all coins fit. */
const NOTES_FROM_ROWS = 26;
const NOTES = 3;

/**
 * The first page. The newest warning and sinks in trouble always have rows. Then come the coins, then what explains
 * them, then what is nice to have.
 */
function coinsBody({ snapshot, memory, notes, records, hints, state, hasKeys }: StatusView, room: Room): Body {
  const { columns, rows } = room;
  const coins = listedCoins(snapshot, state);
  const ids = coins.map(({ id }) => id);
  const selected = selectedIndex(state, ids);
  const isWide = columns >= DETAIL_FROM.columns && rows >= DETAIL_FROM.rows && coins.length > 0;
  const coinColumns = isWide ? FULL_COIN_WIDTH + 1 : columns;

  const troubled = snapshot.sinks.filter(isInTrouble).map(sinkRow);
  let noteCount = notes.latest(1, snapshot.at).length;
  let left = rows - troubled.length - noteCount;
  const take = (block: readonly Row[], spare = 0): readonly Row[] => {
    if (block.length + spare > left) return [];
    left -= block.length;
    return block;
  };
  const least = leastCoinRows(coins.length, coinColumns);
  const whole = venueTable(snapshot, columns, true);
  const table = left - whole.length >= Math.min(least, WHOLE_LEAST) ? whole : venueTable(snapshot, columns, false);
  const isTable = columns >= TABLE_COLUMNS && table.length + TABLE_LEAST <= left;
  const venues = isTable ? take(table) : take(venueStrip(snapshot, columns));

  const moreNotes = notes.latest(NOTES, snapshot.at).length - noteCount;
  const reserved = rows >= NOTES_FROM_ROWS ? moreNotes : 0;
  const needed = isWide ? Math.max(least, 16) : least;
  const coinRows = Math.max(2, Math.min(needed, left - reserved));
  left -= coinRows;

  const extraNotes = Math.max(0, Math.min(left, moreNotes));
  noteCount += extraNotes;
  left -= extraNotes;
  const healthy = take(snapshot.sinks.filter((sink) => !isInTrouble(sink)).map(sinkRow));
  const latencies = take(latencyRows(snapshot, columns));
  const hintRows = take(hints.map((hint): Row => [span(` ${hint}`, 'dim')]));
  // One coin a row, if that is possible.
  const inOneColumn = 1 + coins.length - coinRows;
  let grown = inOneColumn > 0 && inOneColumn <= left ? inOneColumn : 0;
  left -= grown;
  const blanks = [take([[]]), take([[]]), take([[]])];
  const counts = take(countRows(snapshot, columns));
  // A further blank row, if there are notes to set apart.
  const lastBlank = noteCount > 0 ? take([[]], 1) : [];
  if (isWide) {
    grown += Math.max(0, left);
    left = Math.min(0, left);
  }
  noteCount = notes.latest(noteCount + Math.max(0, left), snapshot.at).length;

  const list = { coins, memory, selected, isMarked: hasKeys };
  const block = coinBlock(list, { columns: coinColumns, rows: coinRows + grown });
  const detail = isWide
    ? detailRows(coins[selected], memory, records, { columns: columns - coinColumns, rows: coinRows + grown })
    : [];
  const none = coins.length === 0 && state.filter !== '' ? [[span(`  no coin contains ${state.filter}`, 'dim')]] : [];
  const coinArea = none.length > 0 ? none : beside(block.rows, detail, coinColumns);
  const [first = [], second = [], third = []] = blanks;
  const rowsShown = [
    ...[...first, ...venues, ...second, ...coinArea, ...third],
    ...[...troubled, ...healthy, ...latencies, ...counts, ...hintRows, ...lastBlank],
    ...notes.latest(noteCount, snapshot.at).map(noteRow),
  ];
  const { perColumn, perPage } = block;
  return { rows: rowsShown, shown: { ids, perColumn, perPage, mostAbove: 0, pageRows: 0 } };
}

function detailRows(
  coin: ReturnType<typeof listedCoins>[number] | undefined,
  memory: PriceMemory,
  records: StatusView['records'],
  room: Room,
): readonly Row[] {
  return coin === undefined ? [] : coinPage(coin, memory.get(coin.id), records, room);
}

/** The pages that a key opens. Long ones scroll. */
function pageBody({ snapshot, memory, notes, records, state }: StatusView, room: Room): Body {
  const coins = listedCoins(snapshot, state);
  const ids = coins.map(({ id }) => id);
  if (state.page === 'coin') {
    const rows = detailRows(coins[selectedIndex(state, ids)], memory, records, room);
    return { rows, shown: { ids, perColumn: 1, perPage: 10, mostAbove: 0, pageRows: 0 } };
  }
  const all =
    state.page === 'events'
      ? eventRows(notes.latest(Number.POSITIVE_INFINITY, snapshot.at), room.columns)
      : state.page === 'gaps'
        ? gapRows(records.gaps, snapshot.healing, snapshot.at)
        : helpRows();
  const pageRows = Math.max(1, room.rows);
  const mostAbove = Math.max(0, all.length - pageRows);
  const above = Math.min(state.above, mostAbove);
  return { rows: all.slice(above, above + pageRows), shown: { ids, perColumn: 1, perPage: 1, mostAbove, pageRows } };
}
