import { getOrCreate } from '../../domain/get-or-create.ts';
import type { SideName, SimulatedInstrument, SimulatedLevel } from '../market/simulated-instrument.ts';
import type { Topic } from '../topic.ts';
import type { VenueHost } from '../venue-host.ts';

const FAST_MS = 100;
const SLOW_MS = 1_000;
/** Number of best levels of a side whose quantities change; deeper levels are constant. */
const ACTIVE_LEVELS = 500;
/** If all orders of a side are withdrawn or come back, updates name this many levels: as many as REST shows. */
const KNOWN_LEVELS = 5_000;

/** The prices that changed since the update id `fromId`. */
interface Changes {
  readonly fromId: number;
  readonly bids: Set<number>;
  readonly asks: Set<number>;
}

interface DepthTopic {
  readonly topic: Topic;
  /** Number of levels of a partial book; 0: the stream sends changes. */
  readonly levels: number;
  readonly everyMs: number;
  /** The changes since the topic's last event. */
  changes: Changes;
}

interface View {
  readonly updateId: number;
  readonly bids: DepthSide;
  readonly asks: DepthSide;
}

interface Depth {
  readonly instrument: SimulatedInstrument;
  readonly topics: DepthTopic[];
  /** The book as it was last published; undefined without listeners. */
  view: View | undefined;
}

/**
 * Makes the depth streams and the REST depth of one venue. If a depth stream has listeners, REST shows the book of the
 * stream's last 100 ms step. So the REST snapshot and the stream's differences always fit together.
 */
export function binanceDepth(host: VenueHost) {
  const depths = new Map<SimulatedInstrument, Depth>();
  let nextFast = 0;
  let nextSlow = 0;

  function subscribed(topic: Topic, instrument: SimulatedInstrument, levels: number, everyMs: number): void {
    const depth = getOrCreate(depths, instrument, (): Depth => ({ instrument, topics: [], view: undefined }));
    if (!depth.topics.some((known) => known.topic === topic))
      depth.topics.push({ topic, levels, everyMs, changes: changesSince(depth.view?.updateId ?? 0) });
    if (depth.view === undefined) start(depth);
  }

  /** Starts an instrument's depth streams again. Call it when the book's update ids restart. */
  function restart(instrument: SimulatedInstrument): void {
    const depth = depths.get(instrument);
    if (depth?.view !== undefined) start(depth);
  }

  /** The book as `GET /api/v3/depth` shows it. */
  function snapshot(instrument: SimulatedInstrument, limit: number): string {
    return partial(instrument, depths.get(instrument)?.view ?? viewOf(instrument), limit);
  }

  function slice(now: number): void {
    if (now < nextFast) return;
    nextFast = now - (now % FAST_MS) + FAST_MS;
    const isSlow = now >= nextSlow;
    if (isSlow) nextSlow = now - (now % SLOW_MS) + SLOW_MS;
    for (const depth of depths.values()) publish(depth, now, isSlow);
  }

  function publish(depth: Depth, now: number, isSlow: boolean): void {
    if (depth.topics.every(({ topic }) => topic.size === 0)) depth.view = undefined;
    const { instrument, topics } = depth;
    if (depth.view === undefined) return;
    const view = next(depth, depth.view);
    for (const depthTopic of topics) {
      const { topic, levels, everyMs, changes } = depthTopic;
      if ((everyMs === SLOW_MS && !isSlow) || changes.fromId === view.updateId) continue;
      depthTopic.changes = changesSince(view.updateId);
      if (topic.size === 0) continue;
      host.publishBook(topic, topic.kind, view.updateId, now, (unit) =>
        levels > 0 ? partial(instrument, view, levels) : updateText(instrument, view, changes, `${now}${unit}`),
      );
    }
  }

  return { subscribed, restart, snapshot, slice };
}

export type BinanceDepth = ReturnType<typeof binanceDepth>;

/** Updates the view and adds the changes to each topic. */
function next(depth: Depth, before: View): View {
  if (before.updateId === depth.instrument.updateId) return before;
  const view = viewOf(depth.instrument);
  const bids = before.bids.changesTo(view.bids);
  const asks = before.asks.changesTo(view.asks);
  for (const { changes } of depth.topics) {
    for (const price of bids) changes.bids.add(price);
    for (const price of asks) changes.asks.add(price);
  }
  depth.view = view;
  return view;
}

function viewOf(instrument: SimulatedInstrument): View {
  return {
    updateId: instrument.updateId,
    bids: new DepthSide(instrument, 'bids'),
    asks: new DepthSide(instrument, 'asks'),
  };
}

function start(depth: Depth): void {
  const view = viewOf(depth.instrument);
  depth.view = view;
  for (const topic of depth.topics) topic.changes = changesSince(view.updateId);
}

function changesSince(fromId: number): Changes {
  return { fromId, bids: new Set(), asks: new Set() };
}

function updateText(instrument: SimulatedInstrument, view: View, changes: Changes, time: string): string {
  const { fromId, bids, asks } = changes;
  const levels = (side: DepthSide, prices: ReadonlySet<number>) =>
    instrument.levelsText([...prices].map((price) => ({ price, quantity: side.quantityAt(price) })));
  return (
    `{"e":"depthUpdate","E":${time},"s":"${instrument.symbol}","U":${fromId + 1},"u":${view.updateId},` +
    `"b":${levels(view.bids, bids)},"a":${levels(view.asks, asks)}}`
  );
}

function partial(instrument: SimulatedInstrument, { updateId, bids, asks }: View, limit: number): string {
  return `{"lastUpdateId":${updateId},"bids":${instrument.levelsText(bids.first(limit))},"asks":${instrument.levelsText(asks.first(limit))}}`;
}

/** One side of a whole book at one update id. */
class DepthSide {
  private readonly best: number;
  /** The price of the worst level that may change; if the side is withdrawn, of the worst level that updates name. */
  private readonly last: number;
  private readonly instrument: SimulatedInstrument;
  private readonly side: SideName;
  private readonly isWithdrawn: boolean;
  private readonly active: readonly SimulatedLevel[];
  private readonly quantities: ReadonlyMap<number, number>;

  constructor(instrument: SimulatedInstrument, side: SideName) {
    this.instrument = instrument;
    this.side = side;
    this.best = side === 'bids' ? instrument.bestBid : instrument.bestAsk;
    this.active = instrument.levels(side, ACTIVE_LEVELS);
    this.isWithdrawn = instrument.withdrawn.has(side);
    this.last = this.isWithdrawn ? this.furthest() : (this.active.at(-1)?.price ?? this.best);
    this.quantities = new Map(this.active.map(({ price, quantity }) => [price, quantity]));
  }

  /** The quantity, in lots, at a price that has or had an order; 0: no order is left. */
  quantityAt(price: number): number {
    if (this.isWithdrawn) return 0;
    const isBehind = this.side === 'bids' ? price < this.last : price > this.last;
    return isBehind ? this.instrument.deepQuantityAt(price) : (this.quantities.get(price) ?? 0);
  }

  /** The best `count` levels, best first. */
  first(count: number): SimulatedLevel[] {
    const { instrument, side } = this;
    const levels = this.active.slice(0, count);
    if (this.isWithdrawn) return levels;
    let price = instrument.behind(side, this.last);
    for (; levels.length < count && price > 1; price = instrument.behind(side, price))
      levels.push({ price, quantity: instrument.deepQuantityAt(price) });
    return levels;
  }

  private furthest(): number {
    let price = this.best;
    for (let level = 1; level < KNOWN_LEVELS && price > 1; level++) price = this.instrument.behind(this.side, price);
    return price;
  }

  /** Returns the prices at which a later state of the side has another quantity, best first. */
  changesTo(after: DepthSide): number[] {
    const { instrument, side } = this;
    const changes: number[] = [];
    const lowest = Math.min(this.best, this.last, after.best, after.last);
    const highest = Math.max(this.best, this.last, after.best, after.last);
    let price = instrument.restingAtOrAbove(lowest);
    for (; price <= highest; price = instrument.restingAtOrAbove(price + 1))
      if (this.quantityAt(price) !== after.quantityAt(price)) changes.push(price);
    return side === 'bids' ? changes.reverse() : changes;
  }
}
