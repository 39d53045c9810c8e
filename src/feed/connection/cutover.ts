/**
 * Decides when a new connection may replace an old one without a gap. Pure, without a clock.
 *
 * Until the end of the new connection's first moment, trades may come by the old one alone. So the old connection must
 * first deliver all data that the venue made until then. Venue times decide, because only they are equal on both. The
 * latest one of that moment counts, because venues begin with old states.
 */
export class Cutover {
  /** True once the venue has acknowledged all wanted topics on the new connection. */
  subscribed = false;
  #settled = false;
  #isLate = false;
  /** The latest venue time of the new connection's data between its subscription and `settle`, milliseconds. */
  #from: number | undefined;
  /** The old connection's latest venue time, milliseconds. */
  #reached = Number.NEGATIVE_INFINITY;
  #oldTimed = false;
  #oldUntimed = false;
  #newUntimed = false;
  #oldAnswered = false;

  /** True once the new connection's first moment has ended. */
  get settled(): boolean {
    return this.#settled;
  }

  /** True once the old connection can close without a gap. */
  get caughtUp(): boolean {
    return this.#settled && this.#from !== undefined && this.#reached >= this.#from;
  }

  /**
   * True if the old connection works, and no data on either connection had a venue time since the subscription. Read it
   * some time after the subscription.
   */
  get idle(): boolean {
    const bothUntimed = this.#from === undefined && !this.#oldTimed;
    const lives = this.#oldAnswered || this.#oldUntimed;
    return this.subscribed && bothUntimed && lives && (this.#newUntimed || !this.#oldUntimed);
  }

  /** Begins again, because the new connection must subscribe again, or to more topics. */
  restart(): void {
    this.subscribed = false;
    this.#settled = false;
    this.#isLate = false;
    this.#from = undefined;
  }

  /** Notes that the venue has acknowledged all wanted topics on the new connection. */
  subscribe(): void {
    this.subscribed = true;
    this.#oldTimed = false;
    this.#oldUntimed = false;
    this.#newUntimed = false;
    this.#oldAnswered = false;
  }

  /** Ends the new connection's first moment. If it had no data yet, the moment begins with its first data. */
  settle(): void {
    if (this.#from === undefined) this.#isLate = true;
    else this.#settled = true;
  }

  /**
   * Notes the new connection's data. `time`: the venue's, milliseconds, or null. Returns true if its first moment
   * begins only now.
   */
  byNew(time: number | null): boolean {
    if (!this.subscribed) return false;
    if (time === null) {
      this.#newUntimed = true;
      return false;
    }
    const isFirst = this.#from === undefined;
    if (this.#from === undefined || (!this.#settled && time > this.#from)) this.#from = time;
    return isFirst && this.#isLate;
  }

  byOld(time: number | null): void {
    if (time === null) {
      this.#oldUntimed = true;
      return;
    }
    this.#oldTimed = true;
    if (time > this.#reached) this.#reached = time;
  }

  oldAnswered(): void {
    this.#oldAnswered = true;
  }
}
