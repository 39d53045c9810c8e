import { KLINE_INTERVALS, type KlineInterval } from '../../domain/instrument.ts';
import { type Candle, CandleSums, type CandleTrade } from './candle.ts';
import { CandleBuilder, type CandleBuilderOptions, type LeftOut } from './candle-builder.ts';
import { isMadeOf, nextOpenTime, openTimeOf } from './kline-interval.ts';

export interface CandleLadderOptions extends Omit<CandleBuilderOptions, 'interval' | 'onLeftOut'> {
  readonly intervals: readonly KlineInterval[];
  /** Told of each trade that is in no candle of an interval, for each of these. */
  onLeftOut?(trade: CandleTrade, why: LeftOut, interval: KlineInterval): void;
}

const NONE: readonly never[] = [];

/**
 * Candles of one symbol in several intervals. Longer ones are made of shorter ones that close, so a trade costs as much
 * as one candle, whatever the number of intervals; of 3m and 5m, or of 3d, 1w and 1M, none is made of another. A trade
 * that is too late for the shortest is in none made of it. A longer candle closes with the last shorter one inside it,
 * or, where nothing was traded at its end, with the first behind it.
 */
export class CandleLadder {
  readonly #lowest: readonly { readonly builder: CandleBuilder; readonly rung: Rung }[];

  constructor({ intervals, onLeftOut, ...options }: CandleLadderOptions) {
    const rungs: Rung[] = [];
    const lowest: Rung[] = [];
    for (const interval of KLINE_INTERVALS.filter((known) => intervals.includes(known))) {
      const rung = new Rung(interval);
      const part = rungs.findLast((shorter) => isMadeOf(interval, shorter.interval));
      (part?.above ?? lowest).push(rung);
      rungs.push(rung);
    }
    this.#lowest = lowest.map((rung) => {
      const { interval } = rung;
      const told = onLeftOut === undefined ? {} : { onLeftOut: tellAll(rung, onLeftOut) };
      return { rung, builder: new CandleBuilder({ ...options, ...told, interval }) };
    });
  }

  /** Puts a trade into its candles. Those of all intervals that its timestamp closes; by open time within each. */
  add(trade: CandleTrade): readonly Candle[] {
    let all: Candle[] | undefined;
    for (const { builder, rung } of this.#lowest) {
      const closed = builder.add(trade);
      if (closed.length === 0) continue;
      all ??= [];
      for (const candle of closed) rung.closed(candle, all);
    }
    return all ?? NONE;
  }
}

class Rung {
  readonly interval: KlineInterval;
  /** Those whose candles are made of this one's. */
  readonly above: Rung[] = [];
  #open: CandleSums | undefined;

  constructor(interval: KlineInterval) {
    this.interval = interval;
  }

  /** A candle of this interval has closed: hands it on to `all`, with what it closes further up. */
  closed(candle: Candle, all: Candle[]): void {
    all.push(candle);
    for (const rung of this.above) rung.#take(candle, all);
  }

  #take(part: Candle, all: Candle[]): void {
    this.#reached(part.openTime, all);
    this.#open ??= this.#begin(part.openTime);
    this.#open.addCandle(part);
    if (this.#open.endTime === part.closeTime + 1) this.#close(this.#open, all);
  }

  /** Nothing before `time` will come. */
  #reached(time: number, all: Candle[]): void {
    if (this.#open !== undefined && this.#open.endTime <= time) this.#close(this.#open, all);
    for (const rung of this.above) rung.#reached(time, all);
  }

  #begin(time: number): CandleSums {
    const openTime = openTimeOf(this.interval, time);
    return new CandleSums(openTime, nextOpenTime(this.interval, openTime));
  }

  #close(open: CandleSums, all: Candle[]): void {
    this.#open = undefined;
    this.closed(open.toCandle(this.interval, true), all);
  }
}

function tellAll(
  rung: Rung,
  onLeftOut: NonNullable<CandleLadderOptions['onLeftOut']>,
): NonNullable<CandleBuilderOptions['onLeftOut']> {
  const intervals = intervalsFrom(rung);
  return (trade, why) => {
    for (const interval of intervals) onLeftOut(trade, why, interval);
  };
}

function intervalsFrom({ interval, above }: Rung): readonly KlineInterval[] {
  return [interval, ...above.flatMap(intervalsFrom)];
}
