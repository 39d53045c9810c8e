import { AuditsStrip } from '../audits/audits-strip.tsx';
import { book, bookAt } from '../book/coin-book.ts';
import { DepthChart } from '../book/depth-chart.tsx';
import { Ladder } from '../book/ladder.tsx';
import { Tape } from '../book/tape.tsx';
import { Candles } from '../chart/candles.tsx';
import type { CoinRow } from '../coins/coin-row.ts';
import { rowOf } from '../feed/feed-state.ts';
import { bookAge, bookNote, noneYet } from '../feed/state-text.ts';
import { now } from '../page/page-clock.ts';
import { selected } from '../page/selection.ts';
import { age } from '../text/time-text.ts';
import { CoinHead } from './coin-head.tsx';
import { awaitedFrom } from './selected-coin.ts';
import { TradeStatistics } from './trade-statistics.tsx';
import { VolumeProfile } from './volume-profile.tsx';

/** Data younger than this is not called stale, milliseconds. */
const FRESH_MS = 5000;

export function CoinDetail() {
  const row = selected.value === undefined ? undefined : rowOf(selected.value);
  if (row === undefined) return <div class="detail" />;
  return (
    <div class="detail of-coin" id="coin">
      <div class="detail-centre">
        <CoinHead key={row.symbol} row={row} />
        <AuditsStrip coin={row.coin} />
        <Candles key={`candles ${row.symbol}`} stale={staleNote(row)} />
      </div>
      <div class="detail-right">
        <BookPanel row={row} />
        <Tape key={row.symbol} row={row} stale={staleNote(row)} />
      </div>
    </div>
  );
}

/** Shows the selected coin's depth, volume profile and statistics. */
export function CoinFigures() {
  const row = selected.value === undefined ? undefined : rowOf(selected.value);
  if (row === undefined) return null;
  const stale = staleNote(row);
  return (
    <div class="coin-panels of-coin">
      <DepthPanel row={row} />
      <VolumeProfile places={row.places.value} stale={stale} />
      <TradeStatistics row={row} stale={stale} />
    </div>
  );
}

function BookPanel({ row }: { readonly row: CoinRow }) {
  const none = noneYet('order book', awaitedFrom.value);
  return <Ladder row={row} book={book.value} none={none} age={bookAge(bookAgeMs())} stale={noteOfBook(row)} />;
}

function DepthPanel({ row }: { readonly row: CoinRow }) {
  return <DepthChart book={book.value} none={noneYet('order book', awaitedFrom.value)} stale={noteOfBook(row)} />;
}

function staleNote(row: CoinRow): string | undefined {
  if (!row.stale.value) return undefined;
  const since = row.seenAt.value;
  if (since === null) return 'no data yet';
  const ageMs = now.value - since;
  // A price may be disputed although data comes.
  return row.haltReason.value !== null && ageMs < FRESH_MS ? 'halted' : `stale for ${age(ageMs)}`;
}

function noteOfBook(row: CoinRow): string | undefined {
  const shown = book.value;
  if (shown === undefined) return undefined;
  const coinNote = staleNote(row);
  // The gateway calls the book of a halted coin stale, although the book may be in step.
  if (coinNote !== undefined && row.haltReason.value !== null) return coinNote;
  return bookNote({ outOfStep: shown.stale || row.bookStale.value === true, ageMs: bookAgeMs(), coinNote });
}

function bookAgeMs(): number {
  return book.value === undefined ? 0 : book.value.age_ms + now.value - bookAt.value;
}
