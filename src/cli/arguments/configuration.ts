import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { type ConfigOverrides, loadConfig } from '../../config/load-config.ts';
import type { CommandContext, OptionSpec } from './command.ts';

const DEFAULT_FILES = ['config/market-feed.yaml', 'market-feed.yaml'];

export const configOption: OptionSpec = {
  value: 'FILE',
  help: `configuration; by default ${DEFAULT_FILES.join(' or ')} where there is one, else built-in defaults`,
};

/** The configuration that `--config`, the environment and the command's own overrides come to. Throws ConfigError. */
export function configurationOf(
  { options, environment }: Pick<CommandContext, 'options' | 'environment'>,
  overrides: ConfigOverrides = {},
): Config {
  const file = options.text('config') ?? DEFAULT_FILES.find((name) => existsSync(name));
  return loadConfig({ environment, overrides, ...(file === undefined ? {} : { file }) });
}
