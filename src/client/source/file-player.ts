import { readdir } from 'node:fs/promises';
import { readFiles } from '../../avro-file/read-files.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { OffsetAt } from '../../kafka/contract.ts';
import { VirtualScheduler } from '../../net/virtual-scheduler.ts';
import { arrivalMs } from './file-source.ts';
import { GapReports, playedAtMs } from './played-at.ts';
import type { TopicHandler, TopicSource } from './source.ts';

/** Milliseconds between two reports to the readers that nothing is unread. */
const ANSWER_EVERY_MS = 250;

/**
 * Plays the topics of a file sink's folder for backtests, in the order of the records' times. These times are the time:
 * before each record, the actions run that are due by then. The next record follows when all readers are done with the
 * last one.
 */
export class FilePlayer {
  readonly scheduler = new VirtualScheduler(0);
  readonly wallClockMs = (): number => this.scheduler.now();
  readonly #dir: string;
  readonly #tracks = new Set<Track>();
  readonly #gaps = new GapReports();
  #state: 'waits' | 'plays' | 'over' = 'waits';

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Sets the time to that of the first record in the topics. Rejects with a Fault if there is none. */
  async open(topics: readonly string[]): Promise<void> {
    const first = await Promise.all(topics.map((topic) => this.#firstMs(topic)));
    const startMs = Math.min(...first);
    if (startMs === Number.POSITIVE_INFINITY) throw await this.#nothing(topics);
    this.scheduler.moveTo(startMs);
    this.#answer();
  }

  /** Starts to play in the next turn of the event loop, so that all who subscribe in this turn get every record. */
  begin(): void {
    if (this.#state !== 'waits') return;
    this.#state = 'plays';
    setImmediate(() => void this.#play());
  }

  /** A source that is followed once the player plays begins with the records from then on, unless `start` says more. */
  source(start: OffsetAt): TopicSource {
    return {
      follow: (topic, handler, signal) =>
        new Promise((resolve, reject) => {
          handler.started(new Map([[0, 0]]));
          if (this.#state === 'over' || signal.aborted) return resolve();
          const sinceMs = start === 'end' && this.#state === 'plays' ? this.scheduler.now() : sinceOf(start);
          const records = readFiles(this.#dir, topic, { signal });
          const track = new Track({ records, handler, signal, sinceMs, gaps: this.#gaps });
          const leave = (): void => {
            this.#tracks.delete(track);
            signal.removeEventListener('abort', track.end);
            void records.return(); // closes the file
          };
          track.ended.then(resolve, reject).finally(leave);
          signal.addEventListener('abort', track.end);
          this.#tracks.add(track);
        }),
    };
  }

  async #play(): Promise<void> {
    for (let track = await this.#next(); track !== undefined; track = await this.#next()) {
      const { scheduler } = this;
      const atMs = track.atMs;
      while (scheduler.nextDueAt !== undefined && scheduler.nextDueAt <= atMs) scheduler.runNext();
      scheduler.moveTo(atMs);
      await track.play();
    }
    this.#state = 'over';
    for (const track of this.#tracks) track.end();
  }

  /** The topic with the earliest record; of equally early ones, the one that was followed first. */
  async #next(): Promise<Track | undefined> {
    let next: Track | undefined;
    for (const track of this.#tracks) {
      if (track.needsRecord) await track.load();
      if (track.atMs < (next?.atMs ?? Number.POSITIVE_INFINITY)) next = track;
    }
    return next;
  }

  #answer(): void {
    for (const { handler } of this.#tracks) handler.updateLag(0, 0);
    this.scheduler.after(ANSWER_EVERY_MS, () => this.#answer());
  }

  async #firstMs(topic: string): Promise<number> {
    for await (const record of readFiles(this.#dir, topic)) return arrivalMs(record);
    return Number.POSITIVE_INFINITY;
  }

  async #nothing(topics: readonly string[]): Promise<Fault> {
    const there = (await readdir(this.#dir)).filter((name) => !name.startsWith('.')).sort();
    return new Fault(
      'unavailable',
      `no records of ${topics.join(', ')} in ${this.#dir}; there are: ${there.join(', ')}`,
    );
  }
}

const sinceOf = (start: OffsetAt): number => (typeof start === 'object' ? start.timeMs : Number.NEGATIVE_INFINITY);

interface TrackOptions {
  readonly records: AsyncGenerator<FeedRecord, void, undefined>;
  readonly handler: TopicHandler;
  readonly signal: AbortSignal;
  /** Records from before this time are left out, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly gaps: GapReports;
}

/** A topic that is played to one handler. */
class Track {
  readonly handler: TopicHandler;
  readonly #options: TrackOptions;
  readonly #ended = Promise.withResolvers<void>();
  #record: FeedRecord | undefined;
  #offset = -1;
  /** True if there are no more records to load. */
  #isRead = false;

  constructor(options: TrackOptions) {
    this.#options = options;
    this.handler = options.handler;
  }

  /** Settles when the topic is over: the player or the reader has ended, or a file cannot be read. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  readonly end = (): void => this.#ended.resolve();

  get needsRecord(): boolean {
    return this.#record === undefined && !this.#isRead;
  }

  /** When the next record is played, milliseconds since 1970; Infinity: there is none. */
  get atMs(): number {
    return this.#record === undefined ? Number.POSITIVE_INFINITY : this.#options.gaps.atMs(this.#record);
  }

  async load(): Promise<void> {
    const { records, sinceMs } = this.#options;
    try {
      do {
        const { value } = await records.next();
        this.#record = value ?? undefined;
        this.#isRead = this.#record === undefined;
        this.#offset++;
      } while (this.#record !== undefined && playedAtMs(this.#record) < sinceMs);
    } catch (error) {
      this.#isRead = true;
      this.#ended.reject(asFault(error));
    }
  }

  async play(): Promise<void> {
    const { handler, signal, gaps } = this.#options;
    const record = this.#record;
    this.#record = undefined;
    if (record === undefined || signal.aborted) return;
    gaps.played(record);
    const message = { partition: 0, offset: this.#offset, appendedAt: arrivalMs(record), decode: () => record };
    await handler.take([message], signal);
    await handler.settled();
  }
}
