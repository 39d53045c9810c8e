/**
 * Decides when a new connection may replace an old one without a gap. Pure, without a clock.
 *
 * Just after its subscription, a new connection may still miss trades. This time ends with `settle`. The old connection
 * must deliver all data that the venue made until then. The data's venue times show this, because they are equal on
 * both connections. The latest time that the new connection delivered until `settle` counts, because its first data may
 * be older.
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

  /** True once `settle` was called after the new connection had data with a venue time. */
  get settled(): boolean {
    return this.#settled;
  }

  /** True once the old connection can close without a gap. */
  get caughtUp(): boolean {
    return this.#settled && this.#from !== undefined && this.#reached >= this.#from;
  }

  /**
   * True if the old connection works, and neither connection had data with a venue time since the subscription. The
   * cutover then need not wait for data. Read it some time after the subscription.
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

  /**
   * Ends the time in which the new connection may miss trades. If it had no data yet, this time begins only with its
   * first data.
   */
  settle(): void {
    if (this.#from === undefined) this.#isLate = true;
    else this.#settled = true;
  }

  /**
   * Notes the new connection's data. `time`: the venue's time of the data, milliseconds; null if it has none. Returns
   * true for the first data if `settle` came before it, and must be called again.
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
