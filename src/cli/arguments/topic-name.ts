import { type Config, environmentPrefixes } from '../../config/config.ts';
import { didYouMean, UsageError } from './command.ts';

const ENVIRONMENT_PREFIX = /^(?:testnet|simulated|replay)\./;

/**
 * The topic without the configured prefix. A short name means the topic of the configured environment.
 * @param argument the name of the argument, for errors
 * @param allowed what the argument may be besides the topics, for errors; it stands before their names
 * @throws UsageError for a name that is none
 */
export async function topicNamed(
  text: string | undefined,
  config: Config | undefined,
  { argument = 'topic', allowed = '' } = {},
): Promise<string> {
  const { TOPICS } = await import('../../codec/topics.ts');
  const names = TOPICS.map(({ name }): string => name);
  if (text === undefined) throw new UsageError(`name a topic, one of: ${names.join(', ')}`);
  const prefix = config?.kafka.topicPrefix ?? 'market.';
  const whole = prefix !== '' && text.startsWith(prefix);
  const short = whole ? text.slice(prefix.length) : text;
  const bare = short.replace(ENVIRONMENT_PREFIX, '');
  if (!names.includes(bare))
    throw new UsageError(
      `${argument}: found "${text}", allowed: ${allowed}${names.join(', ')}${didYouMean(bare, names)}`,
    );
  if (whole || bare !== short || config === undefined) return short;
  return `${environmentPrefixes(config)[0] ?? ''}${bare}`;
}
