/**
 * When a new connection may take the place of an old one without a hole: pure, without a clock.
 *
 * All that the new one subscribed is acknowledged, it has delivered for a moment, and the old one has delivered what
 * the venue made at that time or later. Before that, trades may still be on their way by the old one alone, however late
 * it is. Venue times decide, for only they are the same on both; of what the new one delivers in its first moment the
 * latest counts, for venues begin with old states, and publish one symbol a little behind another. Where its first data
 * is late, that moment begins with it.
 */
export class Cutover {
  /** All that is wanted is acknowledged to the new connection. */
  subscribed = false;
  #settled = false;
  #isLate = false;
  /** The latest venue time that the new connection told between its subscription and `settle`, milliseconds. */
  #from: number | undefined;
  /** Of the latest data of the old one. */
  #reached = Number.NEGATIVE_INFINITY;
  #oldTimed = false;
  #oldUntimed = false;
  #newUntimed = false;
  #oldAnswered = false;

  /** True once nothing can be missed any more. */
  get caughtUp(): boolean {
    return this.#settled && this.#from !== undefined && this.#reached >= this.#from;
  }

  /**
   * True where, since the subscription, neither told a time to compare by, though the old one lives: the market is
   * quiet, or has only events without a time. To be asked after a while; a new connection that is silent where the
   * old one delivers is not quiet.
   */
  get quiet(): boolean {
    const bothUntimed = this.#from === undefined && !this.#oldTimed;
    const lives = this.#oldAnswered || this.#oldUntimed;
    return this.subscribed && bothUntimed && lives && (this.#newUntimed || !this.#oldUntimed);
  }

  /** The new connection has to subscribe again, or more than before. */
  restart(): void {
    this.subscribed = false;
    this.#settled = false;
    this.#isLate = false;
    this.#from = undefined;
  }

  /** All that is wanted is acknowledged to the new connection. */
  subscribe(): void {
    this.subscribed = true;
    this.#oldTimed = false;
    this.#oldUntimed = false;
    this.#newUntimed = false;
    this.#oldAnswered = false;
  }

  /** The new connection's first moment is over, or has yet to begin where it has delivered nothing. */
  settle(): void {
    if (this.#from === undefined) this.#isLate = true;
    else this.#settled = true;
  }

  /**
   * Data came by the new connection; `time` as the venue stamped it, milliseconds, null where it did not. True where its
   * first moment begins only now.
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

  /** The old connection answered a ping or a request. */
  oldAnswered(): void {
    this.#oldAnswered = true;
  }
}
