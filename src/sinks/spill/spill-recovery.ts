import { topicOf } from '../../codec/topics.ts';
import type { CheckpointOptions, Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import type { LossLedger } from '../queue/loss-ledger.ts';
import { type CheckpointGroup, prefixOf, Reconciler } from './reconcile.ts';
import type { SpillStore } from './spill-store.ts';
import { SpilledRecent } from './spilled-recent.ts';

type ReadCheckpoints = (options: CheckpointOptions) => Promise<readonly SeriesCheckpoint[]>;

/** The records of a previous process: up to `lastSeq`. */
export interface Recovered {
  readonly reconciler: Reconciler;
  readonly lastSeq: number;
}

/**
 * Opens the store that a previous process left; what the sink has by now is not handed out again. `read` asks the sink,
 * also for the kinds and environments of the spilled records. @throws Fault if the database is of another version
 */
export async function recoverSpill(
  store: SpillStore,
  ledger: LossLedger,
  options: CheckpointOptions,
  read: ReadCheckpoints,
): Promise<Reconciler> {
  const { topics, mark, losses } = store.recover();
  const groups = await readGroups(topics, options, read);
  ledger.seed(groups.flatMap(({ checkpoints }) => checkpoints));
  const reconciler = new Reconciler(groups, mark.handedSeq, options.keyOf);
  let count = 0;
  await store.scan((entry) => {
    reconciler.see(entry);
    count++;
    return true;
  });
  const open = [...losses.filter((loss) => reconciler.isOpen(loss)), ...reconciler.unsure()];
  for (const loss of open) ledger.lost([loss], `found ${loss.seq}`, true);
  const end = reconciler.lastStoredSeq;
  await store.scan((entry) => {
    if (entry.seq <= end && reconciler.isStored(entry)) count--;
    return entry.seq < end;
  });
  store.want((entry) => !reconciler.isStored(entry), count);
  return reconciler;
}

/** The near past in the spill of a previous process, up to `lastSeq`, without what the sink has. */
export async function recentInSpill(
  store: SpillStore,
  { reconciler, lastSeq }: Recovered,
  options: RecentOptions,
): Promise<Recent> {
  const found = new SpilledRecent(options);
  let whole = true;
  await store.scan(
    (entry) => {
      if (entry.seq > lastSeq) return false;
      if (!reconciler.isStored(entry)) found.add(entry);
      return true;
    },
    () => {
      whole = false;
    },
  );
  // The sink itself returns the records that were delivered meanwhile.
  return { ...found.behind(store.settledSeq), whole };
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
