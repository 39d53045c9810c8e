/**
 * Decodes all recorded and documented frames, and prints as JSON the branches of the decoders that none of them
 * reached. Branches that refuse a broken frame are left out: the venue contract breaks each fixture. It runs as its own
 * process, because under vitest V8 does not see the files as they are written.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { documentedFrames, PROTOCOLS, recordedFrames } from './wire-frames.ts';

/** The files that know the fields of the wire types. */
const DECODERS = /\/src\/venues\/(?:bybit|binance)\/decode\/(?:decode|answer|read-events)\.ts$/;
const REFUSES = /^(?:throw |catch |const problem|: problem)/;
const SHOWN_CHARACTERS = 80;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
await decodeAll();
const { result } = await session.post('Profiler.takePreciseCoverage');
console.log(JSON.stringify(result.flatMap(uncovered), null, 1));

async function decodeAll(): Promise<void> {
  const { venues } = await import('../../src/venues/registry.ts');
  for (const protocol of ['bybit', 'binance'] as const) {
    const frames = [...recordedFrames(protocol), ...documentedFrames(protocol)].map((text) => Buffer.from(text));
    const symbols = new Set(['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'DOTUSDT', 'BNBUSDT', 'BTCUSD', 'ETHBTC']);
    const instruments = new Map([...symbols].map((symbol) => [symbol, { coin: symbol, symbol, venueSymbol: symbol }]));
    for (const venue of PROTOCOLS[protocol]) {
      const decode = venues[venue].newDecoder({ environment: 'replay', instruments });
      for (const data of frames) decode({ data, binary: false, receivedAt: 1 });
    }
  }
}

function uncovered({ url, functions }: (typeof result)[number]): readonly string[] {
  if (!DECODERS.test(url)) return [];
  const file = fileURLToPath(url);
  const source = readFileSync(file, 'utf8');
  const name = file.split('/').slice(-3).join('/');
  return functions.flatMap(({ functionName, ranges }) =>
    ranges
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }) => source.slice(startOffset, endOffset).replaceAll(/\s+/g, ' ').trim())
      .filter((code) => code !== '' && !REFUSES.test(code))
      .map((code) => `${name} ${functionName}: ${code.slice(0, SHOWN_CHARACTERS)}`),
  );
}
