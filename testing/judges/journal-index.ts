import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { exactValue, type JournalEvent } from './journal.ts';

const FIRST_CAPACITY = 1024;

interface MadeTrade {
  readonly id: bigint;
  /** When the trade was made, milliseconds since 1970. */
  readonly time: number;
  /** `fingerprint` of the trade. */
  readonly value: number;
  /** True if a fault withheld the trade from a line that had subscribed to it. */
  readonly withheld: boolean;
  /** True if at least one line received the trade. */
  readonly sent: boolean;
}

/**
 * The trades that one venue made of one symbol, in order. They are stored in columns, because a long run has millions.
 */
export class MadeTrades {
  count = 0;
  #ids = new BigInt64Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Int32Array(FIRST_CAPACITY);
  #withheld = new Uint8Array(FIRST_CAPACITY);
  #sent = new Uint8Array(FIRST_CAPACITY);
  /** Indexes at which ids start again, as after a reset of the testnet. */
  readonly #generations: number[] = [0];

  push({ id, time, value, withheld, sent }: MadeTrade): void {
    if (this.count === this.#ids.length) this.#grow();
    if (this.count > 0 && id <= (this.#ids[this.count - 1] as bigint)) this.#generations.push(this.count);
    this.#ids[this.count] = id;
    this.#times[this.count] = time;
    this.#values[this.count] = value;
    this.#withheld[this.count] = withheld ? 1 : 0;
    this.#sent[this.count] = sent ? 1 : 0;
    this.count++;
  }

  id(index: number): bigint {
    return this.#ids[index] as bigint;
  }

  /** Milliseconds since 1970. */
  time(index: number): number {
    return this.#times[index] as number;
  }

  /** `fingerprint` of the trade. */
  value(index: number): number {
    return this.#values[index] as number;
  }

  /** True if a fault withheld the trade from a line that had subscribed to it. */
  isWithheld(index: number): boolean {
    return this.#withheld[index] === 1;
  }

  /** True if at least one line received the trade. */
  isSent(index: number): boolean {
    return this.#sent[index] === 1;
  }

  /** The longest time between `from` and `to` without a trade that was sent to any line, milliseconds. */
  longestUnsent(from: number, to: number): number {
    let longest = 0;
    let last = from;
    for (let index = 0; index < this.count; index++) {
      const time = this.time(index);
      if (time <= from || time > to || !this.isSent(index)) continue;
      longest = Math.max(longest, time - last);
      last = time;
    }
    return Math.max(longest, to - last);
  }

  /**
   * Index of the trade; -1 if it was never made. If an id was used twice, `time` decides; without it, the latest trade
   * counts.
   */
  find(id: bigint, time?: number): number {
    for (let generation = this.#generations.length - 1; generation >= 0; generation--) {
      const start = this.#generations[generation] as number;
      const end = this.#generations[generation + 1] ?? this.count;
      const at = this.#search(id, start, end);
      if (at < end && this.#ids[at] === id && (time === undefined || this.#times[at] === time)) return at;
    }
    return -1;
  }

  #search(id: bigint, start: number, end: number): number {
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as bigint) >= id) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #grow(): void {
    const ids = new BigInt64Array(this.#ids.length * 2);
    const times = new Float64Array(ids.length);
    const values = new Int32Array(ids.length);
    const withheld = new Uint8Array(ids.length);
    const sent = new Uint8Array(ids.length);
    ids.set(this.#ids);
    times.set(this.#times);
    values.set(this.#values);
    withheld.set(this.#withheld);
    sent.set(this.#sent);
    this.#ids = ids;
    this.#times = times;
    this.#values = values;
    this.#withheld = withheld;
    this.#sent = sent;
  }
}

/** A hash of price, quantity and side (FNV-1a). Different trades rarely have the same hash. */
export function fingerprint(price: string, quantity: string, isBuyerMaker: boolean): number {
  const text = `${exactValue(price)} ${exactValue(quantity)} ${isBuyerMaker ? 'sell' : 'buy'}`;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash | 0;
}

/** The trades of a simulator's journal, by venue and symbol. */
export class JournalIndex {
  readonly #made = new Map<string, MadeTrades>();

  static async read(file: string): Promise<JournalIndex> {
    const index = new JournalIndex();
    for await (const line of createInterface({ input: createReadStream(file) }))
      if (line.includes('"kind":"trade"')) index.add(JSON.parse(line) as JournalEvent);
    return index;
  }

  add({ venue, symbol, id, time, price, quantity, side, withheld, sent }: JournalEvent): void {
    const name = `${venue} ${symbol}`;
    const made = this.#made.get(name) ?? new MadeTrades();
    this.#made.set(name, made);
    const value = fingerprint(price, quantity, side === 'sell');
    made.push({ id: BigInt(id), time, value, withheld: withheld === true, sent: sent.length > 0 });
  }

  of(venue: string, symbol: string): MadeTrades | undefined {
    return this.#made.get(`${venue} ${symbol}`);
  }

  get symbols(): ReadonlySet<string> {
    return new Set([...this.#made.keys()].map((name) => name.split(' ')[1] ?? ''));
  }

  /** The trades of a symbol, for each venue that has it. */
  ofSymbol(symbol: string): readonly (readonly [venue: string, made: MadeTrades])[] {
    return [...this.#made].flatMap(([name, made]) => {
      const [venue = '', of] = name.split(' ');
      return of === symbol ? [[venue, made] as const] : [];
    });
  }
}
