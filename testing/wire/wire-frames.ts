import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { frameFixtures } from '../../test/fixtures/read-fixtures.ts';
import { recordings } from '../feeds/recordings.ts';

/** The venues that share a wire protocol, by its name. */
export const PROTOCOLS = { bybit: ['bybit'], binance: ['binance', 'binance_us', 'binance_testnet'] } as const;
export type ProtocolName = keyof typeof PROTOCOLS;

/** Each frame as text that real venues sent, from `test/recordings`. REST answers among them are left out. */
export function recordedFrames(protocol: ProtocolName): string[] {
  return readdirSync(recordings, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(gz|ndjson)$/.test(file) && !file.includes('rest-'))
    .filter((file) => file.includes('bybit') === (protocol === 'bybit'))
    .flatMap((file) => rows(join(recordings, file)))
    .flatMap((row) => /^(?:[\d.]+:? )?(\{.*\})$/.exec(row)?.[1] ?? [])
    .filter((frame) => !/^\{"(lastUpdateId|timezone|code)"/.test(frame));
}

/** Each frame as text that the venues' documents show, from `test/fixtures`. */
export function documentedFrames(protocol: ProtocolName): string[] {
  return PROTOCOLS[protocol].flatMap((venue) => frameFixtures(venue).map(({ frame }) => JSON.stringify(frame)));
}

function rows(file: string): string[] {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n');
}
