/** Draws the random faults of `make chaos` and `make soak` from a seed. */
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { Random } from '../../src/simulator/market/random.ts';

/** A planned event of a chaos run. `atMs`: milliseconds after the start of the run. */
export type Happening = { readonly atMs: number } & (
  | { readonly kind: 'venue'; readonly request: FaultRequest }
  | { readonly kind: 'broker'; readonly how: 'stop' | 'kill'; readonly awayMs: number }
  | { readonly kind: 'kill' }
);

export interface ScheduleOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly venues: readonly VenueId[];
  readonly symbols: readonly string[];
}

type Draw = (random: Random, symbol: string) => Omit<FaultRequest, 'venue'>;

const seconds = (random: Random, most: number) => 1 + random.below(most * 10) / 10;
const line = (random: Random): number | 'all' => ([1, 2, 'all'] as const)[random.below(3)] ?? 'all';
const count = (random: Random, most: number) => 1 + random.below(most);

/** The faults that a venue can have. The weight says how often a fault is drawn. */
const VENUE_FAULTS: readonly (readonly [weight: number, draw: Draw, venues?: readonly VenueId[]])[] = [
  [4, (random) => ({ fault: 'close', line: line(random) })],
  [4, (random) => ({ fault: 'reset', line: line(random) })],
  [3, (random) => ({ fault: 'silence_with_pong', line: line(random), seconds: seconds(random, 9) })],
  [3, (random) => ({ fault: 'silence_without_pong', line: line(random), seconds: seconds(random, 9) })],
  [3, (random, symbol) => ({ fault: 'mute_symbol', line: line(random), symbol, seconds: seconds(random, 9) })],
  // Status 403 is left out, because the venue would then be away for ten minutes, most of the run.
  [2, (random) => ({ fault: 'refuse', status: [418, 429, 451, 503][random.below(4)], seconds: seconds(random, 6) })],
  [3, (random) => ({ fault: 'refuse_rest', status: [429, 500, 503][random.below(3)], seconds: seconds(random, 8) })],
  [2, (random) => ({ fault: 'close_loop', seconds: seconds(random, 5) })],
  [2, (random) => ({ fault: 'slow_trickle', line: line(random), seconds: seconds(random, 6) })],
  [2, (random) => ({ fault: 'malformed', line: line(random), count: count(random, 100) })],
  [1, (random) => ({ fault: 'unknown_frame', line: line(random), count: count(random, 10) })],
  [1, (random) => ({ fault: 'invalid_utf8', line: line(random) })],
  [1, (random) => ({ fault: 'big_frame', line: line(random), count: count(random, 20) })],
  [
    5,
    (random, symbol) => ({ fault: 'skip_trades', line: line(random), symbol, count: count(random, 30) }),
    ['binance', 'binance_us'],
  ],
  [3, (random, symbol) => ({ fault: 'skip_trades', line: 1, symbol, count: count(random, 30) })],
  [3, (random, symbol) => ({ fault: 'repeat_trades', line: line(random), symbol, count: count(random, 100) })],
  [3, (random, symbol) => ({ fault: 'reorder_trades', line: line(random), symbol, count: 2 + random.below(8) })],
  [
    2,
    (random) => ({ fault: 'server_shutdown', line: line(random), seconds: seconds(random, 5) }),
    ['binance', 'binance_us'],
  ],
  [1, (random) => ({ fault: 'maintenance', seconds: seconds(random, 8) }), ['bybit']],
  [1, (random, symbol) => ({ fault: 'quiet', symbol, seconds: seconds(random, 6) })],
  [1, (random, symbol) => ({ fault: 'reject_symbol', symbol, seconds: seconds(random, 6) })],
  [1, (random, symbol) => ({ fault: 'reject_trades', symbol, seconds: seconds(random, 20) })],
  [
    1,
    (random, symbol) => ({
      fault: 'mute_channel',
      channel: 'trade',
      line: line(random),
      symbol,
      seconds: seconds(random, 20),
    }),
  ],
  [1, () => ({ fault: 'testnet_reset' }), ['binance', 'binance_us']],
  [1, (random, symbol) => ({ fault: 'id_jump', symbol, count: count(random, 50) }), ['binance', 'binance_us']],
];

const MIN_BETWEEN_MS = 1500;
const MAX_BETWEEN_MS = 5000;
/** On average, one event in this many kills the pipeline. */
const KILL_EVERY = 12;
/** On average, one event in this many stops or kills the broker. */
const BROKER_EVERY = 16;
/** Nothing happens at the start and at the end, so that the run begins and ends healthy. */
const START_MS = 6000;
const END_MS = 15_000;
/** Kills come only in this first part of the run, because memory is judged in the process that runs to the end. */
const KILLS_UNTIL = 0.5;

/** Plans the events of a run. The same seed, duration, venues and symbols give the same plan. */
export function scheduleOf({ seed, durationMs, venues, symbols }: ScheduleOptions): readonly Happening[] {
  const random = new Random(seed);
  const happenings: Happening[] = [];
  let atMs = START_MS;
  while (atMs < durationMs - END_MS) {
    happenings.push(happening(random, atMs, { seed, durationMs, venues, symbols }));
    atMs += MIN_BETWEEN_MS + random.below(MAX_BETWEEN_MS - MIN_BETWEEN_MS);
  }
  return happenings;
}

function happening(random: Random, atMs: number, { durationMs, venues, symbols }: ScheduleOptions): Happening {
  if (random.below(KILL_EVERY) === 0 && atMs < durationMs * KILLS_UNTIL) return { atMs, kind: 'kill' };
  if (random.below(BROKER_EVERY) === 0)
    return { atMs, kind: 'broker', how: random.below(2) === 0 ? 'stop' : 'kill', awayMs: 1000 + random.below(9000) };
  return { atMs, kind: 'venue', request: drawVenueFault(random, venues, symbols) };
}

/** Draws a fault of any venue. The first venue, which serves, gets more than half of the faults. */
export function drawVenueFault(random: Random, venues: readonly VenueId[], symbols: readonly string[]): FaultRequest {
  const venue = (random.below(2) === 0 ? venues[0] : venues[random.below(venues.length)]) as VenueId;
  const symbol = symbols[random.below(symbols.length)] ?? '';
  const able = VENUE_FAULTS.filter(([, , only]) => only === undefined || only.includes(venue));
  // Each fault is in the list as often as its weight says.
  const lots = able.flatMap(([weight, draw]) => new Array<Draw>(weight).fill(draw));
  const draw = lots[random.below(lots.length)] as Draw;
  return { ...draw(random, symbol), venue };
}

export function happeningText(one: Happening): string {
  const at = `${(one.atMs / 1000).toFixed(1).padStart(6)} s`;
  if (one.kind === 'kill') return `${at} kill -9`;
  if (one.kind === 'broker') return `${at} broker ${one.how}, away for ${(one.awayMs / 1000).toFixed(1)} s`;
  const { venue, fault, ...more } = one.request;
  const values = Object.entries(more).map(([name, value]) => `${name} ${value}`);
  return `${at} ${venue} ${fault} ${values.join(', ')}`;
}
