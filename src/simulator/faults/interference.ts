import { type EventKind, type FrameSubject, TRADE_KINDS } from '../captures/frame-subject.ts';

/** Where frames go that are let through. */
interface Outlet {
  push(payload: string, framed: string): void;
}

interface Held {
  readonly payload: string;
  readonly framed: string;
}

/** What the faults do to the data frames of one connection. Counted faults apply to trades (and aggregated trades) or to changes of a book. */
export class Interference {
  /** No data; acknowledgements and pongs go on. */
  silent = false;
  /** Nothing at all. */
  frozen = false;
  /** Symbols whose data is held back. */
  muted: ReadonlySet<string> = new Set();
  /** Symbols whose trades alone are. */
  mutedTrades: ReadonlySet<string> = new Set();
  /** Everything leaves at this pace. */
  bytesPerSecond: number | undefined;
  private readonly skips = new Map<string, number>();
  private readonly repeats = new Map<string, number>();
  private readonly reversals = new Map<string, { left: number; readonly held: Held[] }>();

  skip(symbol: string, count: number): void {
    for (const kind of TRADE_KINDS) this.skips.set(key(kind, symbol), count);
  }

  skipBook(symbol: string, count: number): void {
    this.skips.set(key('depth', symbol), count);
  }

  repeat(symbol: string, count: number): void {
    for (const kind of TRADE_KINDS) this.repeats.set(key(kind, symbol), count);
  }

  reverse(symbol: string, count: number): void {
    for (const kind of TRADE_KINDS) this.reversals.set(key(kind, symbol), { left: count, held: [] });
  }

  /** True where it changes nothing any more. */
  get idle(): boolean {
    return (
      !this.silent &&
      !this.frozen &&
      this.muted.size === 0 &&
      this.mutedTrades.size === 0 &&
      this.bytesPerSecond === undefined &&
      this.skips.size === 0 &&
      this.repeats.size === 0 &&
      this.reversals.size === 0
    );
  }

  /** Ends the counted faults; trades that were held to be reversed are dropped with them. */
  forget(): void {
    this.skips.clear();
    this.repeats.clear();
    this.reversals.clear();
  }

  /** How many of the next `count` trades (or changes of the book) of a symbol are to be left out, and counts them off. */
  takeSkips(subject: FrameSubject, count: number): number {
    const at = existing(this.skips, subject);
    if (at === undefined) return 0;
    const left = this.skips.get(at) ?? 0;
    const taken = Math.min(left, count);
    if (taken === left) this.skips.delete(at);
    else this.skips.set(at, left - taken);
    return taken;
  }

  /** Sends a frame, or twice, or later, or never. @returns whether it went (or will go) out. */
  deliver(connection: Outlet, subject: FrameSubject, payload: string, framed: string): boolean {
    if (this.silent || this.frozen || this.muted.has(subject.symbol)) return false;
    if (TRADE_KINDS.has(subject.kind) && this.mutedTrades.has(subject.symbol)) return false;
    if (this.takeSkips(subject, 1) === 1) return false;
    const reversal = existing(this.reversals, subject);
    if (reversal !== undefined) {
      this.hold(connection, reversal, { payload, framed });
      return true;
    }
    connection.push(payload, framed);
    const repeat = existing(this.repeats, subject);
    if (repeat !== undefined) {
      connection.push(payload, framed);
      const left = (this.repeats.get(repeat) ?? 0) - 1;
      if (left <= 0) this.repeats.delete(repeat);
      else this.repeats.set(repeat, left);
    }
    return true;
  }

  private hold(connection: Outlet, at: string, frame: Held): void {
    const reversal = this.reversals.get(at);
    if (reversal === undefined) return;
    reversal.held.push(frame);
    reversal.left--;
    if (reversal.left > 0) return;
    this.reversals.delete(at);
    for (const held of reversal.held.reverse()) connection.push(held.payload, held.framed);
  }
}

/** An empty symbol stands for every symbol. */
function key(kind: EventKind, symbol: string): string {
  return `${kind}:${symbol}`;
}

function existing<T>(map: ReadonlyMap<string, T>, { kind, symbol }: FrameSubject): string | undefined {
  if (map.size === 0) return undefined;
  const own = key(kind, symbol);
  if (map.has(own)) return own;
  const any = key(kind, '');
  return map.has(any) ? any : undefined;
}
