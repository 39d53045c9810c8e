import { describe, expect, it } from 'vitest';
import type { Audit, Gap, Kline, TradeEvent } from '../../../src/domain/record.ts';
import type { PreviousTrades } from '../../../src/feed/analytics/stats-epoch.ts';
import { Audits } from '../../../src/feed/audits/audits.ts';
import type { FeedEvent } from '../../../src/feed/feed-event.ts';
import { kline, tradeEvent } from '../../../testing/judges/events.ts';
import { sampleGap, samplePosition } from '../../../testing/records/sample-records.ts';

/** The start of minute 0, milliseconds since 1970. */
const T0 = 1_723_161_240_000;
const SYMBOL = 'BTCUSDT';
const at = (second: number): number => T0 + second * 1000;

/** Audits of one symbol, with times in seconds after T0. The scheduler's time is seconds after T0, too. */
class Desk {
  readonly output: string[] = [];
  readonly audits: Audit[] = [];
  readonly unexplained: string[] = [];
  readonly machine: Audits;
  #now = 0;
  #venue = 'bybit';
  #epoch = 1;
  #due: ReturnType<Audits['tick']>['unexplained'] = [];

  constructor({ hasCandles = true } = {}) {
    const venueOf = (id: string) => ({ contiguousIds: id !== 'bybit', hasCandles });
    this.machine = new Audits({ counts: 'trade', venueOf, wallClockMs: () => at(this.#now) });
  }

  /** Begins an epoch; `resumed`: it continues the epoch of a previous run. */
  began(venue: string, epoch = 1, resumed = false): this {
    [this.#venue, this.#epoch] = [venue, epoch];
    const records = resumed ? [] : [samplePosition({ venue, symbol: SYMBOL, epoch })];
    return this.event({ kind: 'epochs', venue, at: at(this.#now), begun: [{ symbol: SYMBOL, epoch }], records });
  }

  /** Adds trades `id:second` or `id:second:quantity`, which arrive at once or late. */
  trades(...texts: readonly string[]): this {
    for (const text of texts) {
      const trade = this.trade(text);
      this.at((trade.timestamp - T0) / 1000).data(trade);
    }
    return this;
  }

  trade(text: string, fields: Partial<TradeEvent> = {}): TradeEvent {
    const [id = '', second = '', quantity = '1'] = text.split(':');
    const common = { venue: this.#venue, epoch: this.#epoch, timestamp: at(Number(second)), quantity };
    return tradeEvent(id, { ...common, receivedAt: at(Number(second)) * 1000, ...fields });
  }

  data(event: TradeEvent | Kline): this {
    return this.event({ kind: 'data', symbol: SYMBOL, epoch: this.#epoch, events: [event] });
  }

  /** Adds the candle of a minute, which arrives a second after the minute's end or late. */
  candle(minute: number, volume: string, fields: Partial<Kline> = {}): this {
    return this.at(minute * 60 + 61).data(this.kline(minute, volume, fields));
  }

  kline(minute: number, volume: string, fields: Partial<Kline> = {}): Kline {
    const common = { venue: this.#venue, epoch: this.#epoch, interval: '1m', closed: true, tradeCount: null };
    return kline(at(minute * 60), at(minute * 60 + 60), { ...common, volume, ...fields });
  }

  gap(kind: 'gap_pending' | 'gap_closed', from: number, to: number, outcome: Gap['outcome'] = 'unrepaired'): this {
    const bounds = { fromTime: at(from), toTime: at(to) };
    const gap = sampleGap({ venue: this.#venue, symbol: SYMBOL, epoch: this.#epoch, outcome, ...bounds });
    return this.event({ kind, symbol: SYMBOL, coin: 'BTC', channel: 'trade', toId: '99', gap });
  }

  event(event: FeedEvent): this {
    return this.#take(this.machine.next(event));
  }

  /** Lets the time pass up to a second, with a tick each second. */
  at(second: number): this {
    while (this.#now < second) {
      this.#now++;
      const { audits, unexplained } = this.machine.tick(this.#now * 1000);
      this.#take(audits);
      this.#due = [...this.#due, ...unexplained];
    }
    return this;
  }

  /** Answers the requests for candles. Returns the gaps. */
  conclude(volume?: string) {
    const results = this.#due.map(({ series, start }) => {
      const candle = volume === undefined ? undefined : this.kline((start - T0) / 60_000, volume);
      return series.conclude(start, candle, at(this.#now));
    });
    this.#due = [];
    this.#take(results.flatMap(({ audits }) => audits));
    return results.flatMap(({ gap }) => gap ?? []);
  }

  get asked(): number {
    return this.#due.length;
  }

  #take(audits: readonly Audit[]): this {
    this.audits.push(...audits);
    for (const { minute, epoch, revision, trades, verdict, reason } of audits)
      this.output.push(
        `${this.#now} s: minute ${(minute - T0) / 60_000} epoch ${epoch} revision ${revision}: ${trades} ${verdict}${reason === '' ? '' : ` (${reason})`}`,
      );
    return this;
  }
}

/** A desk at the second 60 whose minutes are known from minute 1 on. */
const bybit = () => new Desk().began('bybit').trades('1:59').at(60);
const binance = () => new Desk().began('binance').trades('1:59').at(60);
const FIRST = '76 s: minute 0 epoch 1 revision 0: 1 unchecked (the epoch begins inside the minute)';

describe('Audits: the time of a minute', () => {
  it('publishes a minute 15 s after its end, once', () => {
    const desk = binance().trades('2:61', '3:80').at(121).trades('4:121').at(300);
    expect(desk.output).toEqual([
      FIRST,
      '136 s: minute 1 epoch 1 revision 0: 2 proven',
      '196 s: minute 2 epoch 1 revision 0: 1 proven',
    ]);
    expect(desk.audits[1]).toMatchObject({ firstId: '2', lastId: '3', volume: '2', receivedAt: at(80) * 1000 });
  });

  it('adds trades that come out of the order of minutes', () => {
    const desk = binance().trades('2:61').at(120).trades('3:120', '4:119', '5:121').at(200);
    expect(desk.output.slice(1)).toEqual([
      '136 s: minute 1 epoch 1 revision 0: 2 proven',
      '196 s: minute 2 epoch 1 revision 0: 2 proven',
    ]);
  });

  it('waits for the candle of a venue with sparse ids, at most 60 s', () => {
    const late = bybit().trades('7:61').at(150).candle(1, '1').at(300);
    expect(late.output.at(-1)).toBe('151 s: minute 1 epoch 1 revision 0: 1 agrees');
    const never = bybit().trades('7:61').at(300);
    expect(never.output.at(-1)).toBe('181 s: minute 1 epoch 1 revision 0: 1 unchecked (the venue sent no candle)');
  });

  it('publishes another revision if the candle comes after the audit', () => {
    const desk = bybit().trades('7:61').at(200).candle(1, '1').at(300);
    expect(desk.output.at(-1)).toBe('201 s: minute 1 epoch 1 revision 1: 1 agrees');
  });

  it('does not wait for candles that are not subscribed', () => {
    const desk = new Desk({ hasCandles: false }).began('bybit').trades('1:59').at(60).trades('7:61').at(150);
    expect(desk.output.at(-1)).toBe('136 s: minute 1 epoch 1 revision 0: 1 unchecked (the venue sent no candle)');
  });

  it('publishes no minute without trades and volume', () => {
    const desk = bybit().at(120).candle(1, '0').at(300);
    expect(desk.output).toEqual([
      '121 s: minute 0 epoch 1 revision 0: 1 unchecked (the epoch begins inside the minute)',
    ]);
  });
});

describe('Audits: gaps', () => {
  it('names a minute with a gap', () => {
    const desk = binance().trades('2:61').gap('gap_closed', 61, 70).trades('9:70').at(150);
    expect(desk.output.at(-1)).toBe('136 s: minute 1 epoch 1 revision 0: 2 gap (trades are missing: see gaps)');
  });

  it('proves a minute whose gap was repaired', () => {
    const desk = binance().trades('2:61').gap('gap_pending', 61, 70).at(71).trades('3:62', '4:63');
    desk.gap('gap_closed', 61, 70, 'repaired').trades('5:70').at(150);
    expect(desk.output.at(-1)).toBe('136 s: minute 1 epoch 1 revision 0: 4 proven');
  });

  it('waits for a pending gap, at most 60 s, and publishes a revision when it closes', () => {
    const desk = binance().trades('2:61').gap('gap_pending', 61, 70).at(200);
    desk.gap('gap_closed', 61, 70, 'repaired').trades('3:70').at(300);
    expect(desk.output.slice(1)).toEqual([
      '181 s: minute 1 epoch 1 revision 0: 1 unchecked (trades may be missing: the feed still tries to get them)',
      '201 s: minute 1 epoch 1 revision 1: 2 proven',
    ]);
  });

  it('does not judge minutes after a lost connection until trades come', () => {
    const before = { id: '2', timestamp: at(61) };
    const lost = { kind: 'possible_gap', symbol: SYMBOL, of: 'trade', waits: false } as const;
    const desk = binance()
      .trades('2:61')
      .event({ ...lost, before })
      .at(190)
      .event({ ...lost, before: null });
    desk.trades('3:62', '4:190').at(300);
    expect(desk.output.slice(1)).toEqual([
      '181 s: minute 1 epoch 1 revision 0: 1 unchecked (trades may be missing: the feed still tries to get them)',
      '191 s: minute 1 epoch 1 revision 1: 2 proven',
      '256 s: minute 3 epoch 1 revision 0: 1 proven',
    ]);
  });

  it.each([
    ['inside a minute', ['2:61', '4:62'], 'ids 2 to 4 have 2 trades, not 3'],
    ['before a minute', ['3:61'], 'id 3 follows 1'],
  ])('does not prove a minute whose ids jump without a gap: %s', (_name, trades, reason) => {
    const desk = binance()
      .trades(...trades)
      .at(300);
    expect(desk.output.at(-1)).toContain(`unexplained (${reason})`);
    expect(desk.asked).toBe(0);
  });

  it('counts all ids of aggregated trades', () => {
    const aggregated = { lastTradeId: '6', conditions: ['aggregated'] };
    const desk = binance();
    desk.data(desk.trade('2:61', aggregated)).trades('7:62').at(150);
    expect(desk.output.at(-1)).toBe('135 s: minute 1 epoch 1 revision 0: 2 proven');
  });
});

describe('Audits: minutes that differ from the candle', () => {
  const differing = () => bybit().trades('7:61', '9:80').candle(1, '3').at(125).trades('12:125');
  const REASON = 'volume 2, the candle has 3 (+1)';

  it('fetches the candle two minutes after the end of the minute', () => {
    const desk = differing().at(240);
    expect([desk.output.at(1), desk.asked]).toEqual([
      `136 s: minute 1 epoch 1 revision 0: 2 unexplained (${REASON})`,
      0,
    ]);
    expect(desk.at(242).asked).toBe(1);
  });

  it('agrees if the fetched candle is equal', () => {
    const desk = differing().at(245);
    expect(desk.conclude('2')).toEqual([]);
    expect(desk.output.at(-1)).toBe('245 s: minute 1 epoch 1 revision 1: 2 agrees');
  });

  it.each([undefined, '3'])('publishes a gap of the minute if the fetched candle is %s', (volume) => {
    const desk = differing().at(245);
    const gap = { before: { id: '1', timestamp: at(59) }, after: { id: '12', timestamp: at(125) }, missing: null };
    expect(desk.conclude(volume)).toEqual([gap]);
    expect(desk.at(400).output.filter((line) => line.includes('minute 1'))).toEqual([
      `136 s: minute 1 epoch 1 revision 0: 2 unexplained (${REASON})`,
      `245 s: minute 1 epoch 1 revision 1: 2 gap (${REASON})`,
    ]);
  });

  it('publishes no gap if the trades have more than the candle', () => {
    const desk = bybit().trades('7:61', '9:80').candle(1, '1').at(245);
    expect(desk.conclude('1')).toEqual([]);
    expect(desk.output.at(-1)).toContain('revision 0: 2 unexplained');
  });

  it('finds the gap of a minute without any trade, also if no trade follows', () => {
    const desk = bybit().at(121).candle(1, '0.5').at(260);
    const gap = { before: { id: '1', timestamp: at(59) }, after: null, missing: null };
    expect(desk.conclude()).toEqual([gap]);
    expect(desk.output.at(-1)).toContain('minute 1 epoch 1 revision 1: 0 gap');
  });

  it('counts missing trades if the candle has their number', () => {
    const desk = bybit().trades('7:61').candle(1, '2', { tradeCount: 3 }).at(125).trades('12:125').at(245);
    expect(desk.conclude()).toMatchObject([{ missing: 2 }]);
  });

  it('leaves block trades out of the comparison', () => {
    const desk = bybit();
    desk
      .data(desk.trade('7:61:5', { conditions: ['block'] }))
      .trades('8:62')
      .candle(1, '1')
      .at(150);
    expect(desk.audits.at(-1)).toMatchObject({ verdict: 'agrees', trades: 2, volume: '6', candleVolume: '1' });
  });
});

describe('Audits: gaps that the healer healed', () => {
  const gapOf = (venue: string) =>
    sampleGap({ venue, symbol: SYMBOL, epoch: 1, fromTime: at(61), toTime: at(70), outcome: 'healed' });
  /** Heals the minute of the last audit: a revision of it, and then the gap. */
  const heal = (desk: Desk, fields: Pick<Audit, 'verdict' | 'trades'>): Audit | undefined => {
    const last = desk.audits.at(-1);
    const audit = last && { ...last, revision: last.revision + 1, reason: '', hash: 'healed', ...fields };
    if (audit !== undefined) desk.event({ kind: 'healed', records: [audit, gapOf(audit.venue)] });
    return audit;
  };

  it('does not ask for the candle of a minute that agrees now', () => {
    const desk = bybit().trades('7:61', '9:80').candle(1, '3').at(125).trades('12:125').at(200);
    heal(desk, { verdict: 'agrees', trades: 3 });
    expect(desk.at(400).asked).toBe(0);
    expect(desk.output.filter((line) => line.includes('minute 1'))).toHaveLength(1);
  });

  it('asks for no candle if the healed minute differs from it still, because the feed has no late trades', () => {
    const desk = bybit().trades('7:61', '9:80').candle(1, '4').at(125).trades('12:125').at(200);
    heal(desk, { verdict: 'unexplained', trades: 3 });
    expect(desk.at(400).asked).toBe(0);
  });

  const withGap = () => binance().trades('2:61').gap('gap_closed', 61, 70).trades('5:70').at(150);

  it('publishes a later gap as the next revision, with the healed figures', () => {
    const desk = withGap();
    const healed = heal(desk, { verdict: 'proven', trades: 4 });
    desk.gap('gap_closed', 80, 90).at(300);
    expect(desk.output.at(-1)).toContain('revision 2: 4 gap');
    expect(desk.audits.at(-1)?.hash).toBe(healed?.hash);
  });

  it('leaves a healed minute alone if a trade comes later', () => {
    const desk = withGap();
    heal(desk, { verdict: 'proven', trades: 4 });
    expect(desk.trades('6:119').at(300).output.at(-1)).toContain('revision 0');
  });

  it('does not count a healed gap any more', () => {
    const desk = binance().trades('2:61').gap('gap_closed', 61, 70).trades('3:70').at(100);
    desk.event({ kind: 'healed', records: [gapOf('binance')] });
    expect(desk.at(150).output.at(-1)).toContain('revision 0: 2 proven');
  });

  it('ignores audits and gaps of other epochs', () => {
    const desk = binance().trades('2:61').gap('gap_closed', 61, 70).trades('3:70').at(100);
    desk.event({ kind: 'healed', records: [{ ...gapOf('binance'), epoch: 2 }] });
    expect(desk.at(150).output.at(-1)).toContain('revision 0: 2 gap');
  });
});

describe('Audits: epochs', () => {
  it('publishes the open minutes of an ended epoch at once', () => {
    const desk = bybit().trades('7:61').at(100).began('binance', 2).trades('50:100').at(200);
    expect(desk.output).toEqual([
      FIRST.replace('76 s', '100 s'),
      '100 s: minute 1 epoch 1 revision 0: 1 unchecked (the epoch ended before the minute could be checked)',
      '136 s: minute 1 epoch 2 revision 0: 1 unchecked (the epoch begins inside the minute)',
    ]);
  });

  it('judges a minute of an ended epoch that is over', () => {
    const desk = binance().trades('2:61', '3:121').at(122).began('bybit', 2);
    expect(desk.output.slice(1)).toEqual([
      '122 s: minute 1 epoch 1 revision 0: 1 proven',
      '122 s: minute 2 epoch 1 revision 0: 1 unchecked (the epoch ended before the minute could be checked)',
    ]);
  });

  it('continues the minutes of a symbol that is followed again', () => {
    const why = 'the symbol was not followed for a part of the minute';
    // The outcome of this gap never comes.
    const desk = binance().trades('2:61').gap('gap_pending', 61, 65).at(70);
    desk.event({ kind: 'unfollowed', symbol: SYMBOL }).at(80);
    desk.began('binance', 1, true).trades('5:81', '6:125').at(200);
    expect(desk.output.slice(1)).toEqual([
      `70 s: minute 1 epoch 1 revision 0: 1 unchecked (${why})`,
      `136 s: minute 1 epoch 1 revision 1: 2 unchecked (${why})`,
      '196 s: minute 2 epoch 1 revision 0: 1 proven',
    ]);
  });
});

describe('Audits: a start', () => {
  const previousOf = (desk: Desk, texts: readonly string[], rest: Partial<PreviousTrades> = {}): PreviousTrades => ({
    ...{ symbol: SYMBOL, venue: 'binance', epoch: 1, publishedTo: 0, windows: [], gaps: [], audits: [] },
    trades: texts.map((text) => desk.trade(text, { venue: 'binance', epoch: 1 })),
    knownFrom: at(0),
    ...rest,
  });

  const previousAudits = (desk: Desk, isInAll: boolean) => desk.audits.map((audit) => ({ audit, isInAll }));

  function started(texts: readonly string[], rest: Partial<PreviousTrades> = {}): Desk {
    const desk = new Desk().at(100);
    desk.machine.restore([previousOf(desk, texts, rest)]);
    return desk.began('binance', 1, true);
  }

  it('continues the open minute of the previous run', () => {
    const whole = binance().trades('2:61', '3:101').at(150).audits.at(-1);
    const desk = started(['1:59', '2:61']).trades('3:101').at(150);
    expect(desk.output).toEqual([
      '116 s: minute 0 epoch 1 revision 0: 1 proven',
      '136 s: minute 1 epoch 1 revision 0: 2 proven',
    ]);
    expect(desk.audits.at(-1)).toEqual(whole);
  });

  it('does not publish a minute again', () => {
    const audits = previousAudits(started(['1:59', '2:61']).trades('3:101').at(130), true);
    const desk = started(['1:59', '2:61'], { audits }).trades('3:101').at(150);
    expect(desk.output).toEqual(['136 s: minute 1 epoch 1 revision 0: 2 proven']);
  });

  it('publishes another revision of a minute whose audit a sink lacks', () => {
    const audits = previousAudits(started(['1:59', '2:61']).trades('3:101').at(130), false);
    const desk = started(['1:59', '2:61'], { audits }).trades('3:101').at(150);
    expect(desk.output[0]).toBe('116 s: minute 0 epoch 1 revision 1: 1 proven');
  });

  it('has no hash of a minute that it does not know as a whole', () => {
    const unread = 'a part of the minute was published before the start, and could not be read';
    const desk = started(['2:61'], { knownFrom: at(90) })
      .trades('3:101')
      .at(150);
    expect(desk.output).toEqual([`136 s: minute 1 epoch 1 revision 0: 2 unchecked (${unread})`]);
    expect(desk.audits[0]?.hash).toBe('');
    const nothing = new Desk().at(100).began('binance', 1, true).trades('3:101', '4:121').at(200);
    expect(nothing.output[0]).toContain(`minute 1 epoch 1 revision 0: 1 unchecked (${unread})`);
    expect(nothing.output[1]).toContain('minute 2 epoch 1 revision 0: 1 proven');
  });

  it('asks for the candle of a minute that a previous run could not explain', () => {
    const before = bybit().trades('7:61').candle(1, '2').at(140);
    const audits = previousAudits(before, true).slice(1);
    const desk = new Desk().at(150);
    const rest = { venue: 'bybit', audits } as const;
    desk.machine.restore([
      { ...previousOf(before, [], rest), trades: ['1:59', '7:61'].map((text) => before.trade(text)) },
    ]);
    desk.began('bybit', 1, true).trades('12:151').at(245);
    expect(desk.conclude()).toMatchObject([{ before: { id: '1' }, after: { id: '12' } }]);
    expect(desk.output.at(-1)).toContain('minute 1 epoch 1 revision 1: 1 gap');
  });

  describe('healed gaps', () => {
    const bounds = { epoch: 1, fromTime: at(61), toTime: at(70) };
    const gaps: PreviousTrades['gaps'] = [
      { ...bounds, outcome: 'unrepaired' },
      { ...bounds, outcome: 'healed' },
    ];
    const healedAudits = (isInAll: boolean) => {
      const { audits } = binance().trades('2:61', '3:65', '4:66', '5:70').at(150);
      return audits.slice(-1).map((audit) => ({ audit: { ...audit, revision: 1 }, isInAll }));
    };

    it.each([true, false])('keeps the audit of a healed minute; all sinks have it: %s', (isInAll) => {
      const rest = { gaps, audits: healedAudits(isInAll) };
      const desk = started(['1:59', '2:61', '5:70', '6:121'], rest).trades('7:125').at(300);
      expect(desk.output.filter((line) => line.includes('minute 1'))).toEqual([]);
    });

    it('names a later gap in a healed minute, and keeps the figures', () => {
      const audits = healedAudits(true);
      const desk = started(['1:59', '2:61', '5:70'], { gaps, audits }).gap('gap_closed', 70, 125);
      desk.trades('9:125').at(300);
      expect(desk.output[1]).toBe('136 s: minute 1 epoch 1 revision 2: 4 gap (trades are missing: see gaps)');
      expect(desk.audits[1]?.hash).toBe(audits[0]?.audit.hash);
    });

    it('does not count them as gaps, even if there are many', () => {
      const bounded = Array.from({ length: 70 }, (_, ms) => ({ epoch: 1, fromTime: at(61) + ms, toTime: at(70) + ms }));
      const many = (['unrepaired', 'healed'] as const).flatMap((outcome) => bounded.map((of) => ({ ...of, outcome })));
      const desk = started(['1:59', '2:61', '3:80'], { gaps: many });
      expect(desk.trades('4:101').at(150).output.at(-1)).toBe('136 s: minute 1 epoch 1 revision 0: 3 proven');
    });
  });

  it('knows a gap that begins before the records that it could read', () => {
    const gap = { epoch: 1, outcome: 'unrepaired', fromTime: at(30), toTime: at(70) } as const;
    const desk = started(['1:30', '5:70'], { knownFrom: at(60), gaps: [gap] });
    expect(desk.trades('6:101').at(150).output.at(-1)).toBe(
      '136 s: minute 1 epoch 1 revision 0: 2 gap (trades are missing: see gaps)',
    );
  });

  it('does not publish a minute that ended before the audits that it could read', () => {
    const desk = started(['1:30'], { knownFrom: at(90), publishedTo: at(60) });
    expect(desk.trades('2:101').at(300).output).toEqual(['136 s: minute 1 epoch 1 revision 0: 1 proven']);
  });

  it('publishes the minutes of an epoch that does not go on', () => {
    const desk = new Desk().at(100);
    desk.machine.restore([previousOf(desk, ['1:59', '2:61'])]);
    desk.began('bybit', 2);
    expect(desk.output).toEqual([
      '100 s: minute 0 epoch 1 revision 0: 1 proven',
      '100 s: minute 1 epoch 1 revision 0: 1 unchecked (the epoch ended before the minute could be checked)',
    ]);
  });
});
