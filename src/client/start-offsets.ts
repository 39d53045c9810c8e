import { Fault } from '../domain/fault.ts';
import { isOneOf, type OptionRule, type OptionRules, required } from '../domain/options/check-options.ts';
import type { KafkaConfig, KafkaLog } from '../kafka/config.ts';
import { offsetRanges } from '../kafka/reading/offset-ranges.ts';
import { requireUsable } from './unusable-option.ts';

/** The place of a record at the brokers. With the option `withPosition`, each record has these fields. */
export interface RecordPosition {
  /** The full name of the topic, such as `market.trades`. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const COUNT: OptionRule = [
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  'a whole number of 0 or more, as a number',
];

export const OFFSETS_RULE: OptionRule = [Array.isArray, 'a list of objects with topic, partition and offset'];

/**
 * Checks the option `from.offsets` as far as that is possible without brokers. `topics`: the full names that are allowed.
 * @throws Fault with retry `never` that names the entry
 */
export function checkOffsets(offsets: readonly RecordPosition[], topics: readonly string[]): void {
  const rules: OptionRules<RecordPosition> = {
    topic: required([isOneOf(topics), topics.join(', ')]),
    partition: required(COUNT),
    offset: required(COUNT),
  };
  const seen = new Set<string>();
  for (const [index, entry] of offsets.entries()) {
    requireUsable('connectTopics', entry, rules, `${nameOf(index)}.`);
    const partition = `${entry.topic} partition ${entry.partition}`;
    if (seen.has(partition)) throw refusal(nameOf(index), `${partition} again`, 'once');
    seen.add(partition);
  }
}

/** Rejects with a Fault that names the first entry whose partition or offset does not exist. */
export async function requireOffsets(
  config: KafkaConfig,
  offsets: readonly RecordPosition[],
  log: KafkaLog,
): Promise<void> {
  const topics = [...new Set(offsets.map(({ topic }) => topic))];
  const found = await Promise.all(topics.map((topic) => offsetRanges(config, topic, log)));
  const ranges = new Map(topics.map((topic, index) => [topic, found[index]]));
  for (const [index, { topic, partition, offset }] of offsets.entries()) {
    const field = nameOf(index);
    const range = ranges.get(topic)?.get(partition);
    if (range === undefined) {
      const there = [...(ranges.get(topic)?.keys() ?? [])].join(', ');
      throw refusal(`${field}.partition`, partition, `one of the partitions of ${topic}: ${there}`);
    }
    const place = `${topic} partition ${partition}`;
    if (offset < range.begin)
      throw refusal(
        `${field}.offset`,
        offset,
        `at least ${range.begin}, because the earlier records of ${place} were deleted`,
      );
    if (offset > range.end) throw refusal(`${field}.offset`, offset, `at most ${range.end}, the end of ${place}`);
  }
}

const nameOf = (index: number): string => `from.offsets[${index}]`;

const refusal = (field: string, found: unknown, allowed: string): Fault =>
  new Fault('internal', `connectTopics: ${field} is ${found}, allowed: ${allowed}`, {
    retry: { kind: 'never' },
    field,
  });
