import type { DescribedInstance } from '../cluster/describe-cluster.ts';
import { environmentPrefixes } from '../config/config.ts';
import { counted } from '../domain/headline.ts';
import type { TopicDescription } from '../sinks/kafka/topics.ts';
import { type Command, choiceIn, UsageError } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import { inColumns, visible } from './terminal/terminal-text.ts';

export const command: Command = {
  usage: 'topics create|describe [--config FILE]',
  about:
    'create makes the missing topics; describe shows the topics, how they differ from what the feed would create, and the instances of a cluster. Exit code 1: describe found a difference.',
  options: { config: configOption },
  maxArguments: 1,
  async run(context) {
    const action = choiceIn('what', context.arguments[0], ['create', 'describe']);
    const config = configurationOf(context);
    if (config.kafka.brokers.length === 0)
      throw new UsageError(
        `${config.source ?? 'configuration'}: kafka.brokers: found [], allowed: at least one host:port`,
      );
    const { createTopics, describeTopics } = await import('../sinks/kafka/topics.ts');
    const { kafkaComplaints } = await import('./terminal/command-log.ts');
    const { out, err } = context;
    if (action === 'create') {
      const created = await createTopics(config.kafka, environmentPrefixes(config), kafkaComplaints(err));
      const lines =
        created.length === 0 ? ['nothing to do: all topics exist'] : created.map((name) => `created ${name}`);
      await out.write(`${lines.join('\n')}\n`);
      return 0;
    }
    const topics = await describeTopics(config.kafka, environmentPrefixes(config), kafkaComplaints(err));
    const width = Math.max(...topics.map(({ name }) => name.length)) + 2;
    await out.write(topics.map((topic) => topicLines(topic, width)).join(''));
    if (config.cluster.enabled) {
      const { describeCluster } = await import('../cluster/describe-cluster.ts');
      const instances = await describeCluster(config, kafkaComplaints(err));
      await out.write(instanceLines(config.cluster.group, instances));
    }
    return topics.every(({ differences }) => differences.length === 0) ? 0 : 1;
  },
};

function topicLines(
  { name, exists, partitions, replication, settings, records, differences }: TopicDescription,
  width: number,
): string {
  const setting = (key: string) => settings[key] ?? '?';
  const facts = exists
    ? `${counted(partitions, 'partition')}, ${counted(replication, 'replica')}  ${records.isExact ? '' : 'at most '}${records.count} ${records.count === 1n ? 'record' : 'records'}  ${setting('cleanup.policy')}  retention ${retention(setting('retention.ms'))}  ${setting('message.timestamp.type')}`
    : '';
  const wrong = differences.map((difference) => `${exists ? `\n${' '.repeat(width)}` : ''}! ${visible(difference)}`);
  return `${inColumns(name, width)}${facts}${wrong.join('')}\n`;
}

function instanceLines(group: string, instances: readonly DescribedInstance[]): string {
  const shards = (all: readonly number[]) => (all.length === 0 ? 'none' : all.join(', '));
  const lines = instances.map(
    ({ id, host, owns, standsBy }) =>
      `  ${visible(id)} at ${visible(host)}  shards ${shards(owns)}  standby of ${shards(standsBy)}\n`,
  );
  return `cluster ${visible(group)}: ${counted(instances.length, 'instance')}\n${lines.join('')}`;
}

function retention(ms: string): string {
  const days = Number(ms) / 86_400_000;
  if (ms === '-1') return 'for ever';
  return Number.isInteger(days) ? `${days} d` : `${ms} ms`;
}
