import path from 'node:path';
import { z } from 'zod';
import { VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { CoinEntry } from './config.ts';
import { nearestKey } from './nearest-key.ts';
import { type Problem, shown } from './problem.ts';
import { COIN } from './schema.ts';
import { readYaml, valueAt } from './yaml-source.ts';

const COIN_KEYS = ['coin', 'tier', 'symbols'];
const symbol = z
  .string()
  .regex(/^.{1,60}$/s)
  .nullable();
const allowedCoin = 'a coin in capital letters such as "BTC"';

/** A coin as it stands in a coin list. */
export const entrySchema = z.strictObject(
  {
    coin: z
      .string({ error: allowedCoin })
      .regex(COIN, { error: allowedCoin })
      .refine((coin) => coin === coin.toUpperCase(), { error: allowedCoin }),
    tier: z
      .number({ error: 'a whole number from 1 to 9' })
      .int({ error: 'a whole number from 1 to 9' })
      .min(1, { error: 'a whole number from 1 to 9' })
      .max(9, { error: 'a whole number from 1 to 9' })
      .default(1),
    symbols: z.strictObject(
      {
        bybit: symbol.default(null),
        binance: symbol.default(null),
        binance_us: symbol.default(null),
        binance_testnet: symbol.default(null),
      },
      { error: (issue) => (issue.code === 'invalid_type' ? `symbols by venue: ${VENUE_IDS.join(', ')}` : undefined) },
    ),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? `a coin with the keys ${COIN_KEYS.join(', ')}` : undefined) },
);

/** Reads a coin list (JSON, or YAML of the same shape). Problems name file, line, index and key. */
export function readCoinList(
  file: string,
  quote: string,
): { readonly entries: readonly CoinEntry[]; readonly problems: readonly Problem[] } {
  const shownAs = path.relative('.', file).startsWith('..') ? file : path.relative('.', file);
  const source = readYaml(file, shownAs);
  const entries: CoinEntry[] = [];
  const problems: Problem[] = [];
  const report = (path: readonly (string | number)[], found: string, allowed: string, hint?: string) =>
    problems.push({
      where: shownAs,
      line: source.lineOf(path),
      key: keyText(path),
      found,
      allowed: `allowed: ${allowed}`,
      ...(hint === undefined ? {} : { hint }),
    });

  if (!Array.isArray(source.value) || source.value.length === 0) {
    report([], shown(source.value), 'a list of at least one coin, [{ "coin": "BTC", "tier": 1, "symbols": { … } }, …]');
    return { entries, problems };
  }
  const coins = new Set<string>();
  const symbols = new Set<string>();
  const rows: readonly unknown[] = source.value;
  rows.forEach((row, index) => {
    const parsed = entrySchema.safeParse(row);
    for (const issue of parsed.error?.issues ?? []) {
      const path = [index, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
      if (issue.code === 'unrecognized_keys') {
        const known: readonly string[] = path.at(-1) === 'symbols' ? VENUE_IDS : COIN_KEYS;
        for (const key of issue.keys) {
          const near = nearestKey(key, known);
          report(
            [...path, key],
            'an unknown key',
            known.join(', '),
            near === undefined ? undefined : `did you mean ${near}?`,
          );
        }
      } else
        report(
          path,
          source.numberAt(path) ?? shown(valueAt(rows, path)),
          path[1] === 'symbols' && path.length > 2 ? `a symbol such as "BTC${quote}", or null` : issue.message,
        );
    }
    if (!parsed.success) return;
    const entry: CoinEntry = parsed.data;
    if (coins.has(entry.coin)) report([index, 'coin'], shown(entry.coin), 'each coin once');
    coins.add(entry.coin);
    for (const venue of VENUE_IDS) {
      const venueSymbol = entry.symbols[venue];
      if (venueSymbol === null) continue;
      if (!isAgainst(quote, entry.coin, venueSymbol))
        report(
          [index, 'symbols', venue],
          shown(venueSymbol),
          `a symbol of ${entry.coin} against the configured quote ${quote}, such as "${entry.coin}${quote}", or null`,
        );
      else if (symbols.has(`${venue}:${venueSymbol}`))
        report([index, 'symbols', venue], shown(venueSymbol), 'each symbol of a venue once');
      symbols.add(`${venue}:${venueSymbol}`);
    }
    if (VENUE_IDS.every((venue: VenueId) => entry.symbols[venue] === null))
      report([index, 'symbols'], 'null for every venue', `a symbol for at least one of ${VENUE_IDS.join(', ')}`);
    entries.push(entry);
  });
  return { entries, problems };
}

/** BTCUSD is not BTCUSDT, and BTCBUSD is not BTC against USD: where the symbol begins with the coin, all the rest is the quote. */
function isAgainst(quote: string, coin: string, venueSymbol: string): boolean {
  if (venueSymbol.startsWith(coin)) return venueSymbol === coin + quote;
  return venueSymbol.endsWith(quote) && venueSymbol.length > quote.length && venueSymbol === venueSymbol.toUpperCase();
}

function keyText(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
}

const OTHER_QUOTE = /^.{3,}(?:USDT|USDC|BUSD|FDUSD|TUSD|USD|EUR|GBP|TRY|BRL|JPY)$/;

/** The coin that a user names as `BTC`, `BTCUSDT` or `btcusdt`; undefined where the text names none, or another quote than the configured one. */
export function coinNamed(text: string, quote: string): string | undefined {
  const name = text.trim().toUpperCase();
  if (!COIN.test(name) || name === quote) return undefined;
  if (name.endsWith(quote)) return name.slice(0, -quote.length);
  return OTHER_QUOTE.test(name) ? undefined : name;
}
