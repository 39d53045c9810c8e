import { prefixOfTopic } from '../../codec/environment-topics.ts';
import { identityOf } from '../../codec/identity.ts';
import { topicOf } from '../../codec/topics.ts';
import type { CheckpointOptions, Recent, RecentOptions, SeriesCheckpoint } from '../contract.ts';
import type { PendingLosses } from '../queue/pending-losses.ts';
import { seriesKey } from '../resume/checkpoints.ts';
import { byKind, type Dated, pick, type Sought, soughtOf } from '../resume/lookback.ts';
import { type CheckpointGroup, Reconciler } from './reconcile.ts';
import type { SpillStore } from './spill-store.ts';

type ReadCheckpoints = (options: CheckpointOptions) => Promise<readonly SeriesCheckpoint[]>;

/** The records that a previous process left in the spill, up to sequence number `lastSeq`. */
export interface Recovered {
  readonly reconciler: Reconciler;
  readonly lastSeq: number;
}

/**
 * Opens the store of a previous process and excludes the records that the sink has. `read` reads the sink's
 * checkpoints, also for the kinds and environments of the spilled records. @throws Fault if the database has another
 * version
 */
export async function recoverSpill(
  store: SpillStore,
  pendingLosses: PendingLosses,
  options: CheckpointOptions,
  read: ReadCheckpoints,
): Promise<Reconciler> {
  const { topics, mark, losses } = store.recover();
  const groups = await readGroups(topics, options, read);
  pendingLosses.seed(groups.flatMap(({ checkpoints }) => checkpoints));
  const reconciler = new Reconciler(groups, mark.handedSeq, options.keyOf);
  let count = 0;
  await store.scan((entry) => {
    reconciler.see(entry);
    count++;
    return true;
  });
  const open = [...losses.filter((loss) => reconciler.isOpen(loss)), ...reconciler.unsure()];
  for (const loss of open) pendingLosses.lost([loss], `found ${loss.seq}`, true);
  const end = reconciler.lastStoredSeq;
  await store.scan((entry) => {
    if (entry.seq <= end && reconciler.isStored(entry)) count--;
    return entry.seq < end;
  });
  store.want((entry) => !reconciler.isStored(entry), count);
  return reconciler;
}

/** The records found in a topic so far. The last `pick` kept `needed` of them. */
interface Gathered {
  readonly sought: Sought;
  records: Dated[];
  needed: number;
}

/** The records of a topic are picked again once twice the needed ones and this many more are gathered. */
const MAX_NEEDLESS = 10_000;

/** Reads the recent records in the spill of a previous process, without those that the sink has. */
export async function recentInSpill(
  store: SpillStore,
  { reconciler, lastSeq }: Recovered,
  options: RecentOptions,
): Promise<Recent> {
  const topics = new Map<string, Gathered>(
    soughtOf(options).map((sought) => [sought.topic, { sought, records: [], needed: 0 }]),
  );
  const seqs = new WeakMap<Dated, number>();
  let whole = true;
  await store.scan(
    (entry) => {
      const { seq, out } = entry;
      if (seq > lastSeq) return false;
      const of = topics.get(out.topic);
      if (of === undefined || out.record.kind !== of.sought.kind || reconciler.isStored(entry)) return true;
      const dated = out.record as Dated; // its kind is the wanted one
      of.records.push(dated);
      seqs.set(dated, seq);
      if (of.records.length >= 2 * of.needed + MAX_NEEDLESS) {
        of.records = [...pick(of.sought, of.records)];
        of.needed = of.records.length;
      }
      return true;
    },
    () => {
      whole = false;
    },
  );
  // Records that are delivered meanwhile are left out: the sink returns them.
  const { settledSeq } = store;
  const found = [...topics.values()].flatMap(({ sought, records }) => pick(sought, records));
  return { ...byKind(found.filter((record) => (seqs.get(record) ?? settledSeq) > settledSeq)), whole };
}

/** Reads the checkpoints of the environments in `options`, and of each other environment with spilled records. */
function readGroups(
  topics: readonly string[],
  options: CheckpointOptions,
  read: ReadCheckpoints,
): Promise<CheckpointGroup[]> {
  const kinds = (['trade', 'agg_trade'] as const).filter(
    (kind) =>
      options.kinds.includes(kind) || topics.some((topic) => topic === prefixOfTopic(topic) + topicOf(kind).name),
  );
  const foreign = new Set(topics.map(prefixOfTopic)).difference(new Set(options.environmentPrefixes));
  return Promise.all(
    [options.environmentPrefixes, ...[...foreign].map((prefix) => [prefix])].map(async (environmentPrefixes) => {
      const checkpoints = await read({ ...options, environmentPrefixes, kinds });
      return { environmentPrefixes, kinds, checkpoints };
    }),
  );
}

/** Appends the recent records of the spill to the sink's; the sink may have some of them already. */
export function recentWithSpilled(stored: Recent, spilled: Recent, options: RecentOptions): Recent {
  const soughtByKind = new Map(soughtOf(options).map((sought) => [sought.kind, sought]));
  const found = (['trades', 'windows', 'gaps', 'audits'] as const).flatMap((name) => {
    const records = appended(stored[name], spilled[name]);
    const sought = records[0] && soughtByKind.get(records[0].kind);
    return sought === undefined ? [] : pick(sought, records);
  });
  return { ...byKind(found), whole: stored.whole && spilled.whole };
}

function appended(stored: readonly Dated[], spilled: readonly Dated[]): readonly Dated[] {
  const known = new Set(stored.map(identityOf));
  const settled = new Set<string>();
  const rest = spilled.toReversed().filter((record) => {
    const series = seriesKey(record);
    if (known.has(identityOf(record))) settled.add(series);
    return !settled.has(series);
  });
  return [...stored, ...rest.toReversed()];
}
