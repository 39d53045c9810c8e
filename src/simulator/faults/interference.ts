import type { EventKind, FrameSubject } from '../captures/frame-subject.ts';

interface FrameTarget {
  push(payload: string, framed: string): void;
}

/** What happens to a number of frames: not sent, sent twice, or kept and sent in reverse order. */
export type Effect = 'skip' | 'repeat' | 'reverse';

interface Counted {
  readonly key: string;
  left: number;
  /** Frames that wait to be reversed. */
  readonly held: { readonly payload: string; readonly framed: string }[];
}

/** The effects of the faults on the data frames of one connection. */
export class Interference {
  /** Sends no data; acknowledgements and pongs continue. */
  withholdsData = false;
  /** Sends nothing at all. */
  frozen = false;
  symbolsWithoutData = new Set<string>();
  /** An empty symbol stands for every symbol. */
  mutedChannels: FrameSubject[] = [];
  bytesPerSecond: number | undefined;
  private readonly counted = new Map<string, Counted>();

  /** Applies an effect to the next `left` frames of each kind. An empty symbol stands for every symbol. */
  count(effect: Effect, kinds: Iterable<EventKind>, symbol: string, left: number): void {
    for (const kind of kinds) {
      const key = effectKey(effect, kind, symbol);
      this.counted.set(key, { key, left, held: [] });
    }
  }

  get hasNoEffect(): boolean {
    if (this.withholdsData || this.frozen || this.bytesPerSecond !== undefined) return false;
    return this.symbolsWithoutData.size + this.mutedChannels.length + this.counted.size === 0;
  }

  /** Ends the counted faults and drops kept frames. */
  forget(): void {
    this.counted.clear();
  }

  /** Returns how many of the next `count` frames of a subject are skipped, and counts them as skipped. */
  takeSkips(subject: FrameSubject, count: number): number {
    const skips = this.find('skip', subject);
    return skips === undefined ? 0 : this.take(skips, count);
  }

  /** Sends a frame once, twice, later or never. Returns false for never. */
  deliver(connection: FrameTarget, subject: FrameSubject, payload: string, framed: string): boolean {
    if (this.withholdsData || this.frozen || this.symbolsWithoutData.has(subject.symbol)) return false;
    if (this.isMuted(subject)) return false;
    if (this.takeSkips(subject, 1) === 1) return false;
    const reversal = this.find('reverse', subject);
    if (reversal !== undefined) {
      reversal.held.push({ payload, framed });
      this.take(reversal, 1);
      if (reversal.left === 0) for (const held of reversal.held.reverse()) connection.push(held.payload, held.framed);
      return true;
    }
    connection.push(payload, framed);
    const repeat = this.find('repeat', subject);
    if (repeat !== undefined) {
      this.take(repeat, 1);
      connection.push(payload, framed);
    }
    return true;
  }

  private isMuted(subject: FrameSubject): boolean {
    return this.mutedChannels.some(
      ({ kind, symbol }) => kind === subject.kind && (symbol === '' || symbol === subject.symbol),
    );
  }

  private find(effect: Effect, { kind, symbol }: FrameSubject): Counted | undefined {
    if (this.counted.size === 0) return undefined;
    return this.counted.get(effectKey(effect, kind, symbol)) ?? this.counted.get(effectKey(effect, kind, ''));
  }

  private take(counted: Counted, count: number): number {
    const taken = Math.min(counted.left, count);
    counted.left -= taken;
    if (counted.left === 0) this.counted.delete(counted.key);
    return taken;
  }
}

function effectKey(effect: Effect, kind: EventKind, symbol: string): string {
  return `${effect}:${kind}:${symbol}`;
}
