import { describe, expect, it } from 'vitest';
import type { BookUpdate } from '../../../src/domain/market-event.ts';
import { type BookStep, BookSync } from '../../../src/market/book/book-sync.ts';
import { seededRandom } from '../../../src/simulator/market/random.ts';
import { currentSeed } from '../../../testing/properties/seeds.ts';
import { BookVenue, bookText } from './book-venue.ts';

const WILD_TICKS = 35;
const CALM_TICKS = 30;
const QUIET_TICKS = 30;
const PATIENCE_TICKS = 8;

interface Line {
  readonly id: number;
  readonly delay: number;
  readonly queue: { readonly at: number; readonly update: BookUpdate }[];
  up: boolean;
  /** The first id of the batch that is being collected, and the number of changes in a batch. */
  from: number;
  size: number;
  previous: BookUpdate | undefined;
}

/** How whole books arrive. With a limit, not all levels are fetched, so only the best level is sure to be known. */
interface Way {
  readonly mode: 'fetched' | 'sent';
  readonly limit?: number;
}

interface Tally {
  deeper: number;
  gaps: number;
  ignored: number;
  resyncs: number;
  waits: number;
}

/**
 * Compares a book with the journal of its venue, from a seed. The venue's book changes once in each time step. Lines
 * lag, lose, repeat, break and come back; snapshots are slow and old; in some runs, ids start again. The faults
 * decrease and then stop.
 */
function run(seed: number, { mode, limit }: Way, tally: Tally): void {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const venue = new BookVenue(random, 5_000_000);
  const sync = new BookSync({ mode });
  const sure = limit === undefined ? Number.POSITIVE_INFINITY : 1;
  const text = () => bookText(sync.book.bids(sure), sync.book.asks(sure));
  const restartAt = random() < 0.2 ? 10 + below(WILD_TICKS - 10) : undefined;
  const answers: { at: number; update: BookUpdate }[] = [];
  const lines: Line[] = Array.from({ length: 1 + below(2) }, (_, id) => {
    return { id, delay: below(6), queue: [], up: false, from: 0, size: 1, previous: undefined };
  });
  /** The book of a consumer that only sees the steps. */
  let replica: { id: string; bids: Map<string, string>; asks: Map<string, string> } | undefined;
  let tick = 0;

  function take(steps: readonly BookStep[]): void {
    const { book, updateId = '' } = sync;
    for (const step of steps) {
      if (step.kind === 'stale') {
        tally.resyncs++;
        replica = undefined;
      } else if (step.kind === 'replaced') {
        const side = (levels: readonly { price: string; quantity: string }[]) =>
          new Map(levels.map(({ price, quantity }) => [price, quantity]));
        replica = { id: step.updateId, bids: side(book.bids()), asks: side(book.asks()) };
      } else {
        const { update, previousUpdateId } = step;
        if (replica?.id !== previousUpdateId)
          throw new Error(`a change follows on ${previousUpdateId}, not ${replica?.id}`);
        if (Number(update.firstUpdateId) > Number(previousUpdateId) + 1) throw new Error('a gap was passed over');
        replica.id = update.lastUpdateId;
        for (const side of ['bids', 'asks'] as const)
          for (const { price, quantity } of update[side])
            if (quantity === '0') replica[side].delete(price);
            else replica[side].set(price, quantity);
      }
    }
    if (sync.state !== 'in_step') return;
    if (!venue.was(updateId, text(), sure)) throw new Error(`at ${updateId} the book is wrong: ${text()}`);
    if (book.crossed) throw new Error('the book is crossed');
    if (replica?.id !== updateId) throw new Error(`the steps lead to ${replica?.id}, the book stands at ${updateId}`);
    if (replica.bids.size !== book.bidCount || replica.asks.size !== book.askCount)
      throw new Error('the steps lead elsewhere');
    for (const { price, quantity } of [...book.bids(), ...book.asks()])
      if ((replica.bids.get(price) ?? replica.asks.get(price)) !== quantity)
        throw new Error('the steps lead elsewhere');
  }

  function subscribe(line: Line): void {
    line.from = venue.id + 1;
    line.previous = undefined;
    if (mode === 'sent') line.queue.push({ at: tick + line.delay, update: venue.snapshot(venue.id) });
  }

  function happenings(line: Line): void {
    if (!line.up) {
      if (tick > WILD_TICKS || random() < 0.3) {
        line.up = true;
        sync.joined(line.id);
        subscribe(line);
      }
    } else if (tick <= WILD_TICKS && random() < 0.03) {
      line.up = false;
      line.queue.length = 0;
      take(sync.lost(line.id, tick));
    }
  }

  function send(line: Line, wild: boolean): void {
    const ended = venue.id >= line.from + line.size - 1 || tick === WILD_TICKS + CALM_TICKS;
    if (!line.up || !ended || venue.id < line.from) return;
    const update = venue.update(line.from, venue.id);
    const at = tick + line.delay;
    if (!wild || random() > 0.04) line.queue.push({ at, update });
    if (wild && random() < 0.05) line.queue.push({ at, update: random() < 0.5 ? update : (line.previous ?? update) });
    line.previous = update;
    line.from = venue.id + 1;
    line.size = mode === 'sent' ? 1 : 1 + below(4);
  }

  for (tick = 1; tick <= WILD_TICKS + CALM_TICKS + QUIET_TICKS; tick++) {
    const wild = tick <= WILD_TICKS;
    if (tick === restartAt) {
      venue.restart();
      for (const line of lines) if (line.up) subscribe(line);
      if (mode === 'fetched') for (const line of lines) line.from = 1;
    } else if (tick <= WILD_TICKS + CALM_TICKS) venue.change();
    for (const line of lines) {
      happenings(line);
      send(line, wild);
      while ((line.queue[0]?.at ?? Number.POSITIVE_INFINITY) <= tick) {
        const next = line.queue.shift();
        if (next !== undefined) take(sync.update(line.id, next.update, tick));
      }
    }
    const answer = answers[0];
    if (answer !== undefined && answer.at <= tick) {
      answers.shift();
      take(sync.snapshot(answer.update, tick));
    }
    if (sync.wants === 'snapshot' && answers.length === 0) {
      const id = Math.max(...[...venue.states.keys()].slice(0, 1), venue.id - (wild ? below(8) : 0));
      if (sync.state === 'in_step') tally.deeper++;
      answers.push({ at: tick + below(6), update: { ...venue.snapshot(id, limit), timestamp: null } });
    }
    if (sync.wants === 'subscription' && tick % 8 === 0) {
      const up = lines.filter((line) => line.up);
      const line = up[below(up.length)];
      if (line !== undefined) subscribe(line);
    }
    if (sync.waitingSince !== undefined) tally.waits++;
    if (sync.waitingSince !== undefined && tick - sync.waitingSince > PATIENCE_TICKS) take(sync.giveUp());
  }
  tally.gaps += sync.gaps;
  tally.ignored += sync.ignored;
  const end = `${sync.state} at ${sync.updateId}: ${text()}`;
  if (end !== `in_step at ${venue.id}: ${venue.text(sure)}`)
    throw new Error(`ends ${end} instead of at ${venue.id}: ${venue.text(sure)}`);
}

const SEQUENCES = 2000;

describe(`BookSync with ${3 * SEQUENCES} random sequences of updates`, () => {
  it.each<[string, Way]>([
    ['fetched', { mode: 'fetched' }],
    ['sent', { mode: 'sent' }],
    ['fetched with at most four levels per side', { mode: 'fetched', limit: 4 }],
  ])(
    'matches the venue’s book while in step, and ends in step, if snapshots are %s',
    (_, way) => {
      const tally: Tally = { deeper: 0, gaps: 0, ignored: 0, resyncs: 0, waits: 0 };
      const failures: string[] = [];
      const seed = currentSeed();
      for (let n = 0; n < SEQUENCES && failures.length < 3; n++) {
        try {
          run(seed + n, way, tally);
        } catch (error) {
          failures.push(`seed ${seed + n}: ${error instanceof Error ? error.message : error}`);
        }
      }
      expect(failures).toEqual([]);
      // The runs had enough faults.
      expect(tally.gaps).toBeGreaterThan(SEQUENCES / 5);
      expect(tally.resyncs).toBeGreaterThan(SEQUENCES / 2.5);
      expect(tally.ignored).toBeGreaterThan(SEQUENCES * 10);
      expect(tally.waits).toBeGreaterThan(SEQUENCES / 2.5);
      if (way.limit !== undefined) expect(tally.deeper).toBeGreaterThan(SEQUENCES / 10);
    },
    120_000,
  );
});
