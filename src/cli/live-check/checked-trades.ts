import { getOrCreate } from '../../domain/get-or-create.ts';
import { type AnyTrade, compareIds, lastIdOf } from '../../domain/trade-id.ts';
import { count } from '../terminal/number-text.ts';
import { type CheckItem, checkedItem, noted } from './check-item.ts';

/** One line's trades of a series in the order of arrival, by id: the fields that must be equal on both lines. */
type Arrived = Map<string, string>;

const LINES = [0, 1];
const NONE: Arrived = new Map();

/** Compares the trades of two lines, and checks each line's ids. */
export class CheckedTrades {
  readonly #contiguous: boolean;
  /** By symbol and kind of trade, then by line. */
  readonly #series = new Map<string, Map<number, Arrived>>();
  readonly #lastIds = new Map<string, string>();
  readonly #problems: string[] = [];
  #trades = 0;

  /** @param contiguous true if the venue's trade ids step by one */
  constructor(contiguous: boolean) {
    this.#contiguous = contiguous;
  }

  trade(line: number, trade: AnyTrade): void {
    const { kind, symbol, tradeId } = trade;
    const name = `${symbol} ${kind}`;
    const arrived = this.#arrived(name, line);
    this.#trades++;
    this.#checkId(`line ${line + 1}, ${name}`, trade, arrived.has(tradeId));
    arrived.set(tradeId, `${trade.price} ${trade.quantity} ${trade.isBuyerMaker} ${trade.timestamp}`);
  }

  items(): readonly CheckItem[] {
    if (this.#trades === 0) return [];
    const rule = this.#contiguous ? 'each follows the one before' : 'none twice';
    return [checkedItem('trade ids', this.#problems, `${count(this.#trades)} trades, ${rule}`), this.#agreement()];
  }

  #arrived(name: string, line: number): Arrived {
    const lines = getOrCreate(this.#series, name, () => new Map<number, Arrived>());
    return getOrCreate(lines, line, () => new Map<string, string>());
  }

  #checkId(where: string, trade: AnyTrade, isRepeated: boolean): void {
    const last = this.#lastIds.get(where);
    const { tradeId } = trade;
    if (!this.#contiguous) {
      if (isRepeated) this.#problems.push(`${where}: ${tradeId} came twice`);
      return;
    }
    if (last !== undefined && BigInt(tradeId) !== BigInt(last) + 1n)
      this.#problems.push(`${where}: after ${last} comes ${tradeId}`);
    if (last === undefined || compareIds(tradeId, last) > 0) this.#lastIds.set(where, lastIdOf(trade));
  }

  #agreement(): CheckItem {
    const problems: string[] = [];
    let compared = 0;
    for (const [name, lines] of this.#series) {
      const [one = NONE, other = NONE] = LINES.map((line) => lines.get(line));
      const shared = overlap(one, other);
      for (const id of shared) {
        if (one.get(id) === other.get(id)) compared++;
        else if (!one.has(id)) problems.push(`${name} ${id} came on line 2 alone`);
        else if (!other.has(id)) problems.push(`${name} ${id} came on line 1 alone`);
        else problems.push(`${name} ${id} is ${one.get(id)} on line 1, ${other.get(id)} on line 2`);
      }
    }
    if (compared + problems.length === 0) return noted('lines agree: trades', 'no trade came on both lines');
    return checkedItem('lines agree: trades', problems, `${count(compared)} trades are the same on both`);
  }
}

/** Returns each line's ids from the first to the last trade that both lines have. */
function overlap(one: Arrived, other: Arrived): ReadonlySet<string> {
  return new Set([...between(one, other), ...between(other, one)]);
}

function between(own: Arrived, other: Arrived): readonly string[] {
  const ids = [...own.keys()];
  const first = ids.findIndex((id) => other.has(id));
  return first === -1 ? [] : ids.slice(first, ids.findLastIndex((id) => other.has(id)) + 1);
}
