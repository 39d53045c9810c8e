import { configOfShard } from '../../cluster/config-of-shard.ts';
import { type Config, environmentPrefixes } from '../../config/config.ts';
import { asFault } from '../../domain/fault.ts';
import { registryOf } from '../../kafka/registry-client.ts';
import { FolderInUse } from '../../sinks/folder-fault.ts';
import { checkAccess } from '../../sinks/kafka/check-access.ts';
import { folderHolder } from '../../sinks/lock-folder.ts';
import { standingsOf, subjectsOf } from './subjects.ts';
import { whyNotWritable } from './why-not-writable.ts';

/** One thing that was found, as a row of `check`. A `problem` makes a start of the feed fail. */
export interface Finding {
  readonly label: 'brokers' | 'registry' | 'folder' | 'warning' | 'problem';
  readonly text: string;
}

const problem = (text: string): Finding => ({ label: 'problem', text });

/** Whether the brokers and the registry answer, and how topics, rights and schemas stand. Changes nothing there. */
export async function checkKafka(config: Config): Promise<readonly Finding[]> {
  return [...(await checkBrokers(config)), ...(await checkRegistry(config))];
}

async function checkBrokers(config: Config): Promise<readonly Finding[]> {
  // In a cluster, each shard has a transactional id of its own.
  const { kafka } = config.cluster.enabled ? configOfShard(config, 0) : config;
  try {
    const { topics, missingTopics, problems, warnings } = await checkAccess(
      kafka,
      environmentPrefixes(config),
      () => {},
    );
    const state =
      missingTopics === 0
        ? `all ${topics} topics exist`
        : `${missingTopics} of ${topics} topics are missing: a start creates them`;
    const rights = missingTopics === 0 && problems.length === 0 ? '; this user may read and write them' : '';
    return [
      { label: 'brokers', text: `answer; ${state}${rights}` },
      ...problems.map(problem),
      ...warnings.map((text): Finding => ({ label: 'warning', text })),
    ];
  } catch (error) {
    return [problem(asFault(error).message)];
  }
}

async function checkRegistry(config: Config): Promise<readonly Finding[]> {
  try {
    const registry = registryOf(config.kafka);
    if (registry === undefined) return [];
    const standings = await standingsOf(subjectsOf(config), registry);
    const registered = standings.filter(({ standing }) => standing.kind === 'registered').length;
    const missing = standings.length - registered;
    const answer = `answers; ${registered} of ${standings.length} schemas are registered`;
    const incompatible = standings.flatMap(({ subject, standing }) =>
      standing.kind === 'incompatible' ? [problem(`${subject}: incompatible: ${standing.reasons.join('; ')}`)] : [],
    );
    const mayRegister = config.kafka.schemaRegistry?.register === true;
    const unregistered =
      missing === 0 || mayRegister
        ? []
        : [problem(`${missing} schemas are not registered: run market-feed schemas register`)];
    return [{ label: 'registry', text: answer }, ...incompatible, ...unregistered];
  } catch (error) {
    return [problem(asFault(error).message)];
  }
}

/**
 * Whether files can be written into a folder, and no other process has locked it. `key` is its key in the
 * configuration; `locked` are the folders that a feed locks.
 */
export async function checkFolder(dir: string, key: string, locked: readonly string[]): Promise<Finding> {
  const reason = await whyNotWritable(dir);
  if (reason !== undefined) return problem(`cannot write to ${dir}: ${reason} (${key})`);
  for (const folder of locked) {
    try {
      const holder = folderHolder(folder);
      if (holder !== undefined) return problem(new FolderInUse(folder, holder).message);
    } catch (error) {
      return problem(`cannot lock ${folder}: ${asFault(error).message} (${key})`);
    }
  }
  return { label: 'folder', text: 'files can be written' };
}
