import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coinNamed, readCoinList } from './coin-list.ts';
import { allCoins, type CoinEntry, type CoinSelection, coinEverywhere } from './config.ts';
import type { ConfigFiles } from './named-files.ts';
import { ConfigError, shown } from './problem.ts';
import type { ConfigReport } from './report.ts';
import type { Sections } from './schema.ts';
import type { KeyPath } from './yaml-source.ts';

const PACKAGED_COINS = fileURLToPath(new URL('../../config/coins.json', import.meta.url));

/**
 * The coins that the configuration asks for. Without the key: `coins.json` beside the configuration, else the list of the package.
 * `symbols` (of the command line) picks some by coin or symbol, also such as are not in the list. Undefined: there were problems.
 */
export function selectCoins(
  coins: Sections['coins'],
  quote: string,
  symbols: readonly string[] | undefined,
  files: ConfigFiles,
  report: ConfigReport,
): CoinSelection | undefined {
  const configured = configuredCoins(coins, quote, files, report);
  if (symbols === undefined) return configured;
  return namedCoins(symbols, quote, configured?.kind === 'list' ? configured.entries : [], report, () => ['symbol']);
}

function configuredCoins(
  coins: Sections['coins'],
  quote: string,
  files: ConfigFiles,
  report: ConfigReport,
): CoinSelection | undefined {
  if (coins === undefined) {
    const beside = files.path('coins.json');
    return coinsOfFile(existsSync(beside) ? beside : PACKAGED_COINS, quote, report, 'coins.json');
  }
  if (typeof coins === 'string') return coinsOfFile(files.path(coins), quote, report, coins);
  if ('all' in coins) {
    return allCoins(coins.top_by_volume);
  }
  return namedCoins(coins, quote, [], report, (index) => ['coins', index]);
}

function coinsOfFile(file: string, quote: string, report: ConfigReport, configured: string): CoinSelection | undefined {
  try {
    const { entries, problems } = readCoinList(file, quote);
    report.problems.push(...problems);
    return { kind: 'list', entries };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const unreadable = error.problems.find(({ found }) => found === '');
    if (unreadable === undefined) report.problems.push(...error.problems);
    else
      report.refuse(
        ['coins'],
        shown(configured),
        `the path of a JSON file, a list of coins such as [BTC, ETH], or { all: true }; ${file} ${unreadable.allowed}`,
      );
    return undefined;
  }
}

function namedCoins(
  names: readonly string[],
  quote: string,
  known: readonly CoinEntry[],
  report: ConfigReport,
  keyOf: (index: number) => KeyPath,
): CoinSelection {
  const entries = new Map<string, CoinEntry>();
  names.forEach((name, index) => {
    const coin = coinNamed(name, quote);
    if (coin === undefined)
      report.refuse(
        keyOf(index),
        shown(name),
        `a coin or its symbol against the configured quote ${quote}, such as BTC or BTC${quote}`,
      );
    else entries.set(coin, known.find((entry) => entry.coin === coin) ?? coinEverywhere(coin, quote));
  });
  return { kind: 'list', entries: [...entries.values()] };
}
