import {
  isOneOf,
  type OptionRule,
  type OptionRules,
  required,
  wholeNumberFrom,
} from '../domain/options/check-options.ts';
import type { KafkaConfig, KafkaLog } from '../kafka/config.ts';
import { endOffsets } from '../kafka/reading/end-offsets.ts';
import { refusedOption, requireUsable } from './refused-option.ts';

/** The place of a record at the brokers. With the option `withPosition`, each record has these fields. */
export interface RecordPosition {
  /** The full name of the topic, such as `market.trades`. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export const OFFSETS_RULE: OptionRule = [Array.isArray, 'a list of objects with topic, partition and offset'];

/**
 * Checks the option `from.offsets` as far as that is possible without brokers. `topics`: the full names that are allowed.
 * @throws Fault with retry `never` that names the entry
 */
export function checkOffsets(offsets: readonly RecordPosition[], topics: readonly string[]): void {
  const rules: OptionRules<RecordPosition> = {
    topic: required([isOneOf(topics), topics.join(', ')]),
    partition: required(wholeNumberFrom(0)),
    offset: required(wholeNumberFrom(0)),
  };
  const seen = new Set<string>();
  for (const [index, entry] of offsets.entries()) {
    requireUsable('connectTopics', entry, rules, `${nameOf(index)}.`);
    const partition = `${entry.topic} partition ${entry.partition}`;
    if (seen.has(partition)) throw refusedEntry(nameOf(index), `${partition} again`, 'once');
    seen.add(partition);
  }
}

/**
 * Rejects with a Fault that names the first entry whose partition does not exist, or whose offset is above its end.
 * Offsets whose records were deleted are allowed: the client warns when it reads there.
 */
export async function requireOffsets(
  config: KafkaConfig,
  offsets: readonly RecordPosition[],
  log: KafkaLog,
): Promise<void> {
  const topics = [...new Set(offsets.map(({ topic }) => topic))];
  const found = await Promise.all(topics.map((topic) => endOffsets(config, topic, log)));
  const ends = new Map(topics.map((topic, index) => [topic, found[index]]));
  for (const [index, { topic, partition, offset }] of offsets.entries()) {
    const field = nameOf(index);
    const end = ends.get(topic)?.get(partition);
    if (end === undefined) {
      const there = [...(ends.get(topic)?.keys() ?? [])].join(', ');
      throw refusedEntry(`${field}.partition`, partition, `one of the partitions of ${topic}: ${there}`);
    }
    if (offset > end)
      throw refusedEntry(`${field}.offset`, offset, `at most ${end}, the end of ${topic} partition ${partition}`);
  }
}

const nameOf = (index: number): string => `from.offsets[${index}]`;

const refusedEntry = (field: string, found: unknown, allowed: string) =>
  refusedOption('connectTopics', `${field} is ${found}, allowed: ${allowed}`, field);
