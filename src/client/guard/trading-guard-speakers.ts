import type { Environment, FeedStatus, Heartbeat, PriceTick } from '../../domain/record.ts';

/** One instance of the feed, as its own records tell. */
export interface Speaker {
  readonly instance: string;
  sequence: number;
  /** Its last heartbeat: by its own timestamp, and when it came. */
  stampedAt: number;
  cameAt: number;
  environment: Environment;
  activeVenue: string | null;
  trading: boolean;
  /** Why it does not allow trading. */
  tradingReason: string;
  stopped: boolean;
  /** The symbols that it speaks for, and those of them that it takes for untradable. */
  symbols: ReadonlySet<string>;
  readonly halted: Set<string>;
  /** Markets said to be quiet, since when (its wall clock): VENUE, or VENUE:SYMBOL. */
  readonly quiet: Map<string, number>;
}

/**
 * Who speaks for which symbol. The rule: a symbol is spoken for by the instance whose heartbeat named it last; that
 * one's word and silence count until a heartbeat of another names it.
 */
export class Speakers {
  readonly #byInstance = new Map<string, Speaker>();
  readonly #bySymbol = new Map<string, Speaker>();

  /** Every symbol that was ever named. */
  get symbols(): IterableIterator<string> {
    return this.#bySymbol.keys();
  }

  /** True before the first heartbeat. */
  get none(): boolean {
    return this.#bySymbol.size === 0;
  }

  of(symbol: string): Speaker | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** Takes a status record that came at a moment of the steady clock; returns its speaker, undefined where it was told before. */
  hear(status: FeedStatus, cameAt: number): Speaker | undefined {
    const speaker = this.#byInstance.get(status.instance) ?? newSpeaker(status.instance);
    if (status.sequence <= speaker.sequence) return undefined;
    this.#byInstance.set(status.instance, speaker);
    speaker.sequence = status.sequence;
    speaker.environment = status.environment;
    speaker.activeVenue = status.activeVenue;
    const { heartbeat, timestamp } = status;
    if (heartbeat !== null) this.#heartbeat(speaker, timestamp, heartbeat, cameAt);
    else apply(speaker, status);
    return speaker;
  }

  /** Data of a venue came: it is not quiet, nor is the symbol there. Returns whether the venue was said to be. */
  sawData({ venue, symbol, receivedAt }: PriceTick): boolean {
    const quiet = this.of(symbol)?.quiet;
    if (quiet === undefined || quiet.size === 0) return false;
    const isOver = (key: string): boolean => receivedAt / 1000 > (quiet.get(key) ?? Number.POSITIVE_INFINITY);
    if (isOver(`${venue}:${symbol}`)) quiet.delete(`${venue}:${symbol}`);
    return isOver(venue) && quiet.delete(venue);
  }

  #heartbeat(speaker: Speaker, timestamp: number, heartbeat: Heartbeat, cameAt: number): void {
    speaker.stampedAt = timestamp;
    speaker.cameAt = cameAt;
    speaker.trading = heartbeat.trading === 'allowed';
    speaker.tradingReason = heartbeat.tradingReason;
    speaker.stopped = false;
    speaker.symbols = new Set(heartbeat.symbols);
    speaker.halted.clear();
    for (const symbol of heartbeat.halted) speaker.halted.add(symbol);
    for (const symbol of speaker.symbols) this.#bySymbol.set(symbol, speaker);
    const heard = new Set([...this.#bySymbol.values(), speaker]);
    for (const [instance, each] of this.#byInstance) if (!heard.has(each)) this.#byInstance.delete(instance);
  }
}

function apply(speaker: Speaker, { state, reason, venue, symbol, timestamp, line, cause }: FeedStatus): void {
  switch (state) {
    case 'trading_halted':
      speaker.trading = false;
      speaker.tradingReason = reason;
      return;
    case 'trading_resumed':
      speaker.trading = true;
      return;
    case 'stopped':
      speaker.stopped = true;
      return;
    case 'feed_stale':
    case 'feed_recovered': {
      if (venue === null || line !== null) return;
      const key = symbol === null ? venue : `${venue}:${symbol}`;
      if (state === 'feed_stale' && cause === 'quiet_market') speaker.quiet.set(key, timestamp);
      else speaker.quiet.delete(key);
    }
  }
}

function newSpeaker(instance: string): Speaker {
  return {
    instance,
    sequence: 0,
    stampedAt: Number.NEGATIVE_INFINITY,
    cameAt: Number.NEGATIVE_INFINITY,
    environment: 'simulated',
    activeVenue: null,
    trading: false,
    tradingReason: 'starting',
    stopped: false,
    symbols: new Set(),
    halted: new Set(),
    quiet: new Map(),
  };
}
