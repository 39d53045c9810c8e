import { snakeKeys } from '../../codec/key-case.ts';
import { type Decimal, unscaled } from '../../domain/decimal.ts';
import { ratio } from '../../domain/exact.ts';
import type { SinkSnapshot, VenueSnapshot } from '../../domain/status-snapshot.ts';
import { isMissing, nameOfGap } from '../../domain/trade-id.ts';
import { haltReason } from '../../tradability/rules.ts';
import type { Asset } from '../api/asset-answers.ts';
import type { CoinAnswer, Events, Gaps, GatewayStats, SinkAnswer, Status, VenueAnswer } from '../api/feed-answers.ts';
import type { Series } from '../api/fields.ts';
import { recordJson } from '../api/record-schema.ts';
import type { VenueSummary } from '../view/feed-summary.ts';
import type { SymbolSeries } from '../view/symbol-series.ts';
import type { GatewayView } from '../view/view.ts';
import { depthSummary, freshnessOf } from './book-answers.ts';
import { feedHeadline } from './feed-headline.ts';

/* Answers of the API about prices, coins and the whole feed. */

export function pricesAnswer(view: GatewayView) {
  const ticks = view.symbols.flatMap((symbol) => view.allSeries(symbol)).flatMap(({ tick }) => tick ?? []);
  return { at: view.at, prices: ticks.map((tick) => ({ ...recordJson(tick), ...freshnessOf(view, tick) })) };
}

/** A symbol's row in the list of all coins. Before its first record only the name is known. */
export function coinAnswer(view: GatewayView, symbol: string, series = view.series(symbol)): CoinAnswer {
  const { tick, flow } = series ?? {};
  const book = series?.book.published;
  const coin = view.coinOf(symbol) ?? symbol;
  return {
    coin,
    symbol,
    tier: view.tierOf(coin),
    venue: series?.id.venue ?? null,
    environment: series?.id.environment ?? null,
    epoch: series?.id.epoch ?? 0,
    price: tick?.price ?? null,
    change_24h: tick?.change24h ?? null,
    volume_24h: tick?.volume24h ?? null,
    quote_volume_24h: tick?.quoteVolume24h ?? null,
    trades_per_second: series?.tradesPerSecond ?? 0,
    age_ms: series === undefined ? null : view.ageMs(series.id, series.receivedAt),
    stale: series === undefined || view.feed.isStale(series.id),
    halt_reason: haltReason(view.feed.instances, symbol),
    flow: flow?.flow ?? null,
    buy_ratio: flow?.buyRatio ?? null,
    sparkline: series?.sparkline ?? [],
    book_stale: book === undefined ? null : book.stale || view.feed.isStale(book),
  };
}

export function assetAnswer(view: GatewayView, series: SymbolSeries) {
  const { current } = series.book;
  const book = current === undefined ? null : depthSummary(view, current);
  return { ...coinAnswer(view, series.id.symbol, series), book, venue_prices: venuePrices(view, series.id) };
}

/** A symbol's price at each venue, from the feed's last snapshot; null if there is none. */
function venuePrices({ snapshot, at }: GatewayView, { symbol, venue: serving }: Series): Asset['venue_prices'] {
  if (snapshot === undefined) return null;
  const known = new Map(
    snapshot.quality.flatMap((of) =>
      of.symbol === symbol && of.price !== null ? [[of.venue, of.price] as const] : [],
    ),
  );
  const basis = known.get(serving);
  return snapshot.venues.map(({ venue }) => {
    const found = known.get(venue);
    if (found === undefined) return { venue, price: null, age_ms: null, difference_bps: null };
    const age_ms = Math.max(at - found.receivedAt / 1000, 0);
    return { venue, price: found.price, age_ms, difference_bps: basis ? basisPoints(found.price, basis.price) : null };
  });
}

/** Returns a − b in hundredths of a percent of b; null if b is 0. */
function basisPoints(a: Decimal, b: Decimal): number | null {
  const of = unscaled(b);
  return of === 0n ? null : ratio(10_000n * (unscaled(a) - of), of);
}

/** Answers with all coins. In mode `all`, a coin has one row for each venue. */
function coinsAnswer(view: GatewayView): readonly CoinAnswer[] {
  return view.symbols.flatMap((symbol) => {
    const all = view.allSeries(symbol);
    return all.length === 0 ? [coinAnswer(view, symbol)] : all.map((series) => coinAnswer(view, symbol, series));
  });
}

export function statusAnswer(view: GatewayView, gateway: GatewayStats): Status {
  const { snapshot, feed } = view;
  const heartbeat = feed.instances.lastHeartbeat;
  const passedMs = snapshot === undefined ? 0 : Math.max(view.at - snapshot.at, 0);
  return {
    at: view.at,
    environment: snapshot?.environment ?? heartbeat?.environment ?? null,
    source: snapshot === undefined ? 'topics' : 'pipeline',
    instance: heartbeat?.instance ?? null,
    active_venue: feed.activeVenue,
    trading: feed.tradability,
    halted: feed.halted,
    headline: snakeKeys(feedHeadline(view)),
    silent_ms: feed.silentMs,
    venues:
      snapshot?.venues.map((venue) => venueAnswer(venue, passedMs)) ??
      [...feed.venues.values()].map((venue) => summaryAnswer(venue, feed.activeVenue)),
    coins: coinsAnswer(view),
    sinks: snapshot?.sinks.map(sinkAnswer) ?? [...feed.sinksDown].map(([name, reason]) => sinkDown(name, reason)),
    shards: snapshot?.shards ?? [],
    counts: snapshot?.counts ?? Object.fromEntries(view.counts),
    gateway,
  };
}

function venueAnswer(venue: VenueSnapshot, passedMs: number): VenueAnswer {
  const { linesUp, ageMs, eventLagMs, lineLags: _, clock, latencyMs, ...rest } = venue;
  return {
    ...rest,
    lines_up: linesUp,
    age_ms: ageMs === null ? null : ageMs + passedMs,
    event_lag_ms: eventLagMs,
    latency_ms: snakeKeys(latencyMs),
    clock_offset_ms: clock.estimate?.offsetMs ?? null,
  };
}

function summaryAnswer(venue: VenueSummary, activeVenue: string | null): VenueAnswer {
  const { ageMs, eventLagMs, ...known } = venue;
  const lines = { lines_up: null, lines: null, frames: null, reconnects: null };
  const unknown = { environment: null, ...lines, latency_ms: null, clock_offset_ms: null };
  return { ...known, active: venue.venue === activeVenue, age_ms: ageMs, event_lag_ms: eventLagMs, ...unknown };
}

function sinkAnswer({ lagMs, latencyMs, ...rest }: SinkSnapshot): SinkAnswer {
  return { ...rest, lag_ms: lagMs, latency_ms: snakeKeys(latencyMs) };
}

function sinkDown(name: string, reason: string): SinkAnswer {
  const unknown = { queued: null, lag_ms: null, delivered: null, dropped: null, latency_ms: null };
  return { name, state: 'down', reason, ...unknown };
}

/** The last gaps of all symbols, or of one, newest first. */
export function gapsAnswer(view: GatewayView, limit: number, symbol: string | undefined): Gaps {
  const healing = new Map(view.snapshot?.healing.map(({ gap, ...rest }) => [gap, rest]));
  const gaps = view.gaps.latest(limit, (gap) => symbol === undefined || gap.symbol === symbol);
  return {
    gaps: gaps.map((gap) => {
      const known = isMissing(gap.outcome) ? healing.get(nameOfGap(gap)) : undefined;
      return { ...recordJson(gap), healing: known ?? null };
    }),
  };
}

export function eventsAnswer(view: GatewayView, asked: { readonly limit: number; readonly symbols: boolean }): Events {
  const { events, completeSince } = view.history.latest(asked.limit, asked.symbols);
  return { events: events.map(recordJson), complete_since: completeSince, instance_spans: view.history.spans };
}

export function qualityAnswer(view: GatewayView) {
  const minutes = view.audits.all().map((each) => ({
    ...each,
    missing: each.missing.map(({ minute, venue, epoch, verdict, reason }) => ({
      minute,
      venue,
      epoch,
      verdict,
      reason,
    })),
  }));
  return {
    quality: snakeKeys(view.snapshot?.quality ?? []),
    klines: snakeKeys(view.snapshot?.klines ?? []),
    minutes,
  };
}
