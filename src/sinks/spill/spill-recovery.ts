import { topicOf } from '../../codec/topics.ts';
import type { CheckpointOptions, Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import type { LossLedger, TradeLoss } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';
import type { LogReaderHooks } from './log-reader.ts';
import { type CheckpointGroup, prefixOf, Reconciler } from './reconcile.ts';
import type { SpillLog } from './spill-log.ts';
import { SpilledRecent } from './spilled-recent.ts';

type ReadCheckpoints = (options: CheckpointOptions) => Promise<readonly SeriesCheckpoint[]>;

/** The records that a previous process left in the log, and which of them the sink has by now. */
export class SpillRecovery {
  readonly #log: SpillLog;
  readonly #reconciler: Reconciler;

  private constructor(log: SpillLog, reconciler: Reconciler) {
    this.#log = log;
    this.#reconciler = reconciler;
  }

  /**
   * Opens the log. `read` asks the sink, also for the kinds and environments of the spilled records.
   * @throws Fault if a file is of another version
   */
  static async open(
    log: SpillLog,
    ledger: LossLedger,
    options: CheckpointOptions,
    read: ReadCheckpoints,
    hooks: LogReaderHooks,
  ): Promise<SpillRecovery> {
    const { topics, mark } = await log.recover(hooks);
    const groups = await readGroups([...topics], options, read);
    ledger.seed(groups.flatMap(({ checkpoints }) => checkpoints));
    const recovery = new SpillRecovery(log, new Reconciler(groups, mark.handedSeq, options.keyOf));
    await recovery.#reconcile(ledger);
    return recovery;
  }

  /** Where each series will end when the log is delivered. */
  checkpoints(): readonly SeriesCheckpoint[] {
    return this.#reconciler.checkpoints();
  }

  /** The sink has the record: it is not delivered again. */
  isStored(entry: QueueEntry): boolean {
    return this.#reconciler.isStored(entry);
  }

  /** The near past in the log, without what the sink has. */
  async recent(options: RecentOptions): Promise<Recent> {
    const found = new SpilledRecent(options);
    let whole = true;
    const onBreak = () => {
      whole = false;
    };
    await this.#log.scan(
      ({ entry }) => {
        if (!this.isStored(entry)) found.add(entry.out);
        return true;
      },
      { onBreak },
    );
    return { ...found.all(), whole };
  }

  /** Counts the records and losses that are still to be delivered. */
  async #reconcile(ledger: LossLedger): Promise<void> {
    const losses: TradeLoss[] = [];
    await this.#log.scan(
      ({ entry, segment }) => {
        this.#reconciler.see(entry);
        segment.tally.add(entry);
        return true;
      },
      { onLoss: (loss) => losses.push(loss) },
    );
    const open = [...losses.filter((loss) => this.#reconciler.isOpen(loss)), ...this.#reconciler.unsure()];
    for (const [index, loss] of open.entries()) ledger.lost([loss], `found ${index}`, true);
    const end = this.#reconciler.lastStoredSeq;
    await this.#log.scan(({ entry, segment }) => {
      if (entry.seq <= end && this.isStored(entry)) segment.tally.remove(entry);
      return entry.seq < end;
    });
  }
}

/** The checkpoints of the environments in `options`, and those of each other environment in the topics. */
function readGroups(
  topics: readonly string[],
  options: CheckpointOptions,
  read: ReadCheckpoints,
): Promise<CheckpointGroup[]> {
  const kinds = (['trade', 'agg_trade'] as const).filter(
    (kind) => options.kinds.includes(kind) || topics.some((topic) => topic.endsWith(topicOf(kind).name)),
  );
  const foreign = new Set(topics.map(prefixOf)).difference(new Set(options.environmentPrefixes));
  return Promise.all(
    [options.environmentPrefixes, ...[...foreign].map((prefix) => [prefix])].map(async (environmentPrefixes) => {
      const checkpoints = await read({ ...options, environmentPrefixes, kinds });
      return { environmentPrefixes, kinds, checkpoints };
    }),
  );
}
