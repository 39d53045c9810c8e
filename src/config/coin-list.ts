import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { VENUE_IDS } from '../domain/instrument.ts';
import { shown } from '../domain/options/shown.ts';
import { allCoins, type CoinEntry, type CoinSelection, coinEverywhere } from './config.ts';
import type { ConfigFiles } from './named-files.ts';
import { ConfigError, type Problem } from './problem.ts';
import { ConfigReport, refuseIssue, type Validated } from './report.ts';
import { COIN, type Sections, section, whole, word } from './schema.ts';
import { type KeyPath, readYaml } from './yaml-source.ts';

const COIN_KEYS = ['coin', 'tier', 'symbols'];

/** The schema of a coin in a coin list. */
export function coinEntrySchema(quote: string) {
  const allowedCoin = 'a coin in capital letters such as "BTC"';
  const symbol = word(`a symbol such as "BTC${quote}", or null`, /^.{1,60}$/s)
    .nullable()
    .default(null);
  const symbols = { bybit: symbol, binance: symbol, binance_us: symbol, binance_testnet: symbol };
  return section(
    {
      coin: word(allowedCoin, COIN).refine((coin) => coin === coin.toUpperCase(), { error: allowedCoin }),
      tier: whole(1, 9).default(1),
      symbols: section(symbols, `symbols by venue: ${VENUE_IDS.join(', ')}`),
    },
    `a coin with the keys ${COIN_KEYS.join(', ')}`,
  );
}

/** Reads a coin list (JSON, or YAML of the same shape). Problems name file, line, index and key. */
function readCoinList(
  file: string,
  quote: string,
): { readonly entries: readonly CoinEntry[]; readonly problems: readonly Problem[] } {
  const shownAs = path.relative('.', file).startsWith('..') ? file : path.relative('.', file);
  const source = readYaml(file, shownAs);
  const report = new ConfigReport(shownAs, source);
  const entries: CoinEntry[] = [];
  if (!Array.isArray(source.value) || source.value.length === 0) {
    const allowed = 'a list of at least one coin, [{ "coin": "BTC", "tier": 1, "symbols": { … } }, …]';
    report.refuse([], shown(source.value), allowed);
    return { entries, problems: report.problems };
  }
  const rows: readonly unknown[] = source.value;
  const schema = coinEntrySchema(quote);
  const keysAt = (key: KeyPath) => (key.at(-1) === 'symbols' ? VENUE_IDS : COIN_KEYS);
  const validated: Validated = { root: rows, report, keysOf: keysAt };
  const coins = new Set<string>();
  const symbols = new Set<string>();
  rows.forEach((row, index) => {
    const parsed = schema.safeParse(row);
    for (const issue of parsed.error?.issues ?? []) refuseIssue(validated, issue, [index]);
    if (!parsed.success) return;
    const entry: CoinEntry = parsed.data;
    if (coins.has(entry.coin)) report.refuse([index, 'coin'], shown(entry.coin), 'each coin once');
    coins.add(entry.coin);
    for (const venue of VENUE_IDS) {
      const venueSymbol = entry.symbols[venue];
      if (venueSymbol === null) continue;
      const key = [index, 'symbols', venue];
      const allowed = `a symbol of ${entry.coin} against the configured quote ${quote}, such as "${entry.coin}${quote}", or null`;
      if (!isAgainst(quote, entry.coin, venueSymbol)) report.refuse(key, shown(venueSymbol), allowed);
      else if (symbols.has(`${venue}:${venueSymbol}`))
        report.refuse(key, shown(venueSymbol), 'each symbol of a venue once');
      symbols.add(`${venue}:${venueSymbol}`);
    }
    if (VENUE_IDS.every((venue) => entry.symbols[venue] === null))
      report.refuse([index, 'symbols'], 'null for every venue', `a symbol for at least one of ${VENUE_IDS.join(', ')}`);
    entries.push(entry);
  });
  return { entries, problems: report.problems };
}

/**
 * True if a venue's symbol can be the coin against the quote. Of a symbol that starts with the coin, the rest must be
 * the quote: BTCUSD is not BTC against USDT, and BTCBUSD is not BTC against USD.
 */
function isAgainst(quote: string, coin: string, venueSymbol: string): boolean {
  if (venueSymbol.startsWith(coin)) return venueSymbol === coin + quote;
  return venueSymbol.endsWith(quote) && venueSymbol.length > quote.length && venueSymbol === venueSymbol.toUpperCase();
}

const PACKAGED_COINS = fileURLToPath(new URL('../../config/coins.json', import.meta.url));

/**
 * Returns the configured coins. The default is `coins.json` beside the configuration, or else the package's list.
 * `symbols` (of the command line) selects coins, listed or not. Returns undefined if there were problems.
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
  if ('all' in coins) return allCoins(coins.top_by_volume);
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
    const allowed = 'the path of a JSON file, a list of coins such as [BTC, ETH], or { all: true }';
    if (unreadable === undefined) report.problems.push(...error.problems);
    else report.refuse(['coins'], shown(configured), `${allowed}; ${file} ${unreadable.allowed}`);
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
    const allowed = `a coin or its symbol against the configured quote ${quote}, such as BTC or BTC${quote}`;
    if (coin === undefined) report.refuse(keyOf(index), shown(name), allowed);
    else if (entries.has(coin)) report.refuse(keyOf(index), shown(name), 'each coin once');
    else entries.set(coin, known.find((entry) => entry.coin === coin) ?? coinEverywhere(coin, quote));
  });
  return { kind: 'list', entries: [...entries.values()] };
}

const OTHER_QUOTE = /^.{3,}(?:USDT|USDC|BUSD|FDUSD|TUSD|USD|EUR|GBP|TRY|BRL|JPY)$/;

/** The coin of `BTC`, `BTCUSDT` or `btcusdt`; undefined if the text names none, or has another quote. */
export function coinNamed(text: string, quote: string): string | undefined {
  const name = text.trim().toUpperCase();
  if (!COIN.test(name) || name === quote) return undefined;
  if (name.endsWith(quote)) return name.slice(0, -quote.length);
  return OTHER_QUOTE.test(name) ? undefined : name;
}
