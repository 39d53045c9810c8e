/** How often channels are compared and judged, milliseconds. */
export const SWEEP_MS = 1000;
/** A connection is behind after it missed this many frames. It counts as delivering again after as many frames. */
const MISSED = 3;
/** Maximum frames that count in a second. A burst of trades says little about the time to the next trade. */
const COUNTED_A_SECOND = 6;
/** A channel is overdue after this many mean intervals without a frame on any line. */
const MEAN_INTERVALS = 25;
/** With fewer proofs of a missing frame than this, a channel is never proven stale. */
const LEAST_PROOFS = 4;
/**
 * With each later second, the weight of a second in the means is multiplied by this. After ten minutes, about a third
 * of it remains.
 */
const MEMORY = 1 - 1 / 600;

/**
 * A channel is overdue after `staleAfterMs`, or later if its frames are rare. Until its usual pace is known, it is
 * overdue after `coinStaleAfterMs`. Milliseconds.
 */
export interface ChannelLimits {
  readonly staleAfterMs: number;
  readonly coinStaleAfterMs: number;
}

/** Counts the frames of a channel on one connection. */
export class ConnectionFrames {
  readonly line: number;
  readonly connection: number;
  frames = 0;
  /** Number of frames at the last comparison. */
  compared = 0;
  /** The time of the `compare` that found its last frame. */
  lastAt = Number.NEGATIVE_INFINITY;
  /** Frames that other connections delivered since this one's last frame. */
  missed = 0;
  /** The start of the interval of the first missed frame. */
  missedSince = 0;
  /**
   * The least time from an event to its receipt since the last `takeLags`, milliseconds. Infinity if no frame showed
   * one.
   */
  leastLagMs = Number.POSITIVE_INFINITY;

  constructor(line: number, connection: number) {
    this.line = line;
    this.connection = connection;
  }

  /** Returns true if other connections deliver the channel, and this one has not delivered it for `forMs`. */
  isBehind(now: number, forMs: number): boolean {
    return this.missed >= MISSED && now - this.missedSince >= forMs;
  }
}

/** The frames of one channel of one symbol, by connection. Pure, without a clock: call `compare` every `SWEEP_MS`. */
export class ChannelLife {
  readonly connections: ConnectionFrames[] = [];
  /** The time of the last `compare` that found a frame of any connection. */
  lastAt = Number.NEGATIVE_INFINITY;
  /** Since when frames are missing: the latest of `lastAt`, the first subscription and `restart`. */
  missingSince = 0;
  /** Number of seconds since the last frame in which other data proved that a frame is missing. */
  proofs = 0;
  /** The mean time between two frames, computed at the last frame, milliseconds. Infinity if it is not known yet. */
  meanMs = Number.POSITIVE_INFINITY;
  /** The mean number of proofs between two frames. Infinity if it is not known yet. */
  meanProofs = Number.POSITIVE_INFINITY;
  #seconds = 0;
  #frames = 0;
  #proofs = 0;

  /** Notes that a connection has subscribed the channel. */
  subscribed(line: number, connection: number, now: number): void {
    this.lost(connection);
    this.connections.push(new ConnectionFrames(line, connection));
    if (this.connections.length === 1) this.missingSince = now;
  }

  lost(connection: number): void {
    const index = this.connections.findIndex((each) => each.connection === connection);
    if (index >= 0) this.connections.splice(index, 1);
  }

  /** Counts missing frames from now on. */
  restart(now: number): void {
    this.missingSince = now;
    this.proofs = 0;
    for (const each of this.connections) each.missed = 0;
  }

  isCarriedBy(line: number): boolean {
    return this.connections.some((each) => each.line === line);
  }

  /**
   * Returns true if frames came after `since`: from any line if `line` is null. A single line must have delivered
   * several frames, because the first may be a snapshot.
   */
  hasDelivered(since: number, line: number | null): boolean {
    if (line === null) return this.lastAt > since;
    return this.connections.some((each) => each.line === line && each.lastAt > since && each.frames >= MISSED);
  }

  /** `lagMs`: the time from the frame's event to its receipt; Infinity if the frame does not show it. */
  received(connection: number, lagMs: number): void {
    for (const each of this.connections) {
      if (each.connection !== connection) continue;
      each.frames++;
      if (lagMs < each.leastLagMs) each.leastLagMs = lagMs;
    }
  }

  /** Compares the connections' frames since the last call. Returns the frames that count for the mean interval. */
  compare(now: number): number {
    let most = 0;
    for (const { frames, compared } of this.connections) most = Math.max(most, frames - compared);
    for (const each of this.connections) {
      if (each.frames > each.compared) {
        each.lastAt = now;
        each.missed = 0;
      } else if (most > 0) {
        if (each.missed === 0) each.missedSince = now - SWEEP_MS;
        each.missed += most;
      }
      each.compared = each.frames;
    }
    return Math.min(most, COUNTED_A_SECOND);
  }

  /**
   * Notes the frames of a second, as `compare` returned them. `isProven`: other data of that second, such as trades,
   * shows that the channel must have had a frame.
   */
  note(frames: number, isProven: boolean, now: number): void {
    this.#seconds = this.#seconds * MEMORY + 1;
    this.#frames = this.#frames * MEMORY + frames;
    this.#proofs = this.#proofs * MEMORY + Number(isProven);
    if (isProven) this.proofs++;
    if (frames === 0) return;
    this.lastAt = now;
    this.missingSince = now;
    this.proofs = 0;
    // With few frames, the true rate may be lower by about two standard deviations.
    const frequent = this.#frames - 2 * Math.sqrt(this.#frames);
    this.meanMs = frequent > 0 ? (this.#seconds / frequent) * 1000 : Number.POSITIVE_INFINITY;
    this.meanProofs = frequent > 0 ? this.#proofs / frequent : Number.POSITIVE_INFINITY;
  }

  /** False until enough frames have come to compute the mean. */
  get hasMean(): boolean {
    return this.meanMs < Number.POSITIVE_INFINITY;
  }

  /** Returns true if far more time has passed since the last frame than usual. */
  isOverdue(now: number, { staleAfterMs, coinStaleAfterMs }: ChannelLimits): boolean {
    const limitMs = this.hasMean ? Math.max(staleAfterMs, MEAN_INTERVALS * this.meanMs) : coinStaleAfterMs;
    return now - this.missingSince >= limitMs;
  }

  /** True if far more proofs have come since the last frame than usual. */
  get isProvenStale(): boolean {
    const usual = this.hasMean ? this.meanProofs : 1;
    return this.proofs >= Math.max(LEAST_PROOFS, MEAN_INTERVALS * usual);
  }
}
