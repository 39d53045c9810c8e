import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import {
  GO_COMPILER,
  type InstalledPackages,
  installPackages,
  PACKAGES,
} from '../../testing/processes/installed-package.ts';
import { nodeOfVersion, OLDEST_NODE } from '../../testing/processes/node-version.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';
import { priceNow } from '../client/published-topics.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';

const run = promisify(execFile);
let installed: InstalledPackages;
let project: string;
let config: string;
let simulator: Simulator;

beforeAll(async () => {
  installed = await installPackages();
  project = installed.byName['market-feed'].project;
  simulator = await startSimulator({
    rate: { bybit: 100, binance: 0, binance_us: 0, binance_testnet: 0 },
    symbols: 10,
  });
  config = join(project, 'simulated.json');
  await writeFile(config, JSON.stringify(simulatedValues(simulator)));
}, 300_000);
afterAll(async () => {
  await simulator?.close();
  await installed?.close();
});

/** Code that uses the library as its documents describe, with the types that it must have. */
const LINES = `
import { MarketFeed } from 'market-feed';
import { retryBackoff, failover, detectStale, repairGaps, windowStats } from 'market-feed/operators';
import { connectTopics } from 'market-feed/client';
import { type Decoded, type Decoder, decoderOf } from 'market-feed/venues';
import type { Observable } from 'rxjs';

const feed = new MarketFeed(['BTC', 'ETH', 'SOL'], { venue: 'bybit' });
new MarketFeed(['BTC'], { venues: ['bybit'] });
new MarketFeed(['BTCUSDT'], { exchange: 'binance' });
feed.prices$; feed.trades$; feed.status$; feed.frames$;
feed.bookTickers$.subscribe(({ bidPrice }) => { const bid: string | null = bidPrice; void bid; });
feed.aggTrades$.subscribe(({ lastTradeId }) => { void lastTradeId; });
feed.klines$.subscribe(({ close }) => { const price: string = close; void price; });
feed.books$.subscribe(({ bids, stale }) => { const best: string | undefined = bids[0]?.price; void best; void stale; });
feed.subscribePrice(tick => { const price: string = tick.price; const volume: string | null = tick.volume24h; void price; void volume; });
feed.subscribeTrades(trade => { const sold: boolean = trade.isBuyerMaker; const id: string = trade.tradeId; void sold; void id; });
feed.subscribeStatus(s => { const state: string = s.state; void state; });
const btc = feed.getPrice('BTC');
// @ts-expect-error no price may have come yet
btc.price;
// @ts-expect-error a price is text, never a number
const wrong: number | undefined = btc?.price;
feed.getAllPrices().length; feed.getStatus().bybit?.messageCount;
await feed.connect(); await feed.add('ADA'); await feed.remove('SOL'); await feed.close();
// @ts-expect-error no such venue
new MarketFeed(['BTC'], { venue: 'mtgox' });

const decode: Decoder = decoderOf('bybit', { symbols: ['BTCUSDT'] });
const decoded: Decoded = decode({ data: new Uint8Array(), binary: false, receivedAt: Date.now() * 1000 });
if (decoded.kind === 'value') for (const event of decoded.value) { const symbol: string = event.symbol; void symbol; }
if (decoded.kind === 'malformed') { const why: string = decoded.fault.message; void why; }
// @ts-expect-error no such venue
decoderOf('mtgox', { symbols: ['BTCUSDT'] });

const brokers = ['127.0.0.1:9092'];
const market = await connectTopics({ brokers });
const trades$: Observable<{ readonly price: string; readonly quantity: string }> = market.trades$('BTC');
market.prices$('BTC'); market.status$;
const past$: Observable<{ readonly tradeId: string }> = market.tradesWithLate$('BTC', { from: Date.now() - 60_000, venue: 'bybit' });
const latest: { readonly price: string } | undefined = market.latest('BTC');
market.trading$('BTC').subscribe(({ state, reason }) => { const is: 'allowed' | 'halted' = state; const why: string = reason; void is; void why; });
market.trading$('BTC', { maxPriceAgeMs: 5000, maxLagMs: 2000, statusSilenceMs: 3000, allowTestData: false });
void [retryBackoff, failover, detectStale, repairGaps, windowStats, wrong, trades$, latest];
`;

it('the types of the package match the documents under a strict compiler', async () => {
  await writeFile(join(project, 'lines.ts'), LINES);
  expect(await typeErrors(project, ['node'])).toBe('');
});

/**
 * Compiles lines.ts with the packages of `@types`, which a user of the types adds, and returns the errors. It checks
 * the types of all packages, but not the compiler's own libraries.
 */
async function typeErrors(folder: string, types: readonly string[]): Promise<string> {
  for (const name of types) {
    await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
    await symlink(join(root, 'node_modules/@types', name), join(folder, 'node_modules/@types', name));
  }
  const options = { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, noEmit: true };
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, skipDefaultLibCheck: true, types }, files: ['lines.ts'] }),
  );
  const tsc = join(root, 'node_modules/typescript-7/bin/tsc');
  const command = [tsc, '-p', folder, '--checkers', '1'];
  const { stdout } = await run(process.execPath, command, { env: GO_COMPILER }).catch(
    (error: { stdout: string }) => error,
  );
  return stdout;
}

it('market-feed-operators works in an empty folder, with the types of no other package', async () => {
  const { project: folder, byNpm } = installed.byName['market-feed-operators'];
  expect(byNpm?.packages).toBe(3); // with rxjs and tslib
  const code = `
import { of } from 'rxjs';
import { deduplicate, failover, repairGaps, retryBackoff, windowStats } from 'market-feed-operators';
of(1, 1, 2).pipe(deduplicate({ key: (value) => String(value), size: 10 })).subscribe((value) => console.log(value));
void [failover, repairGaps, retryBackoff, windowStats];
`;
  await writeFile(join(folder, 'lines.ts'), code.replace('console.log(value)', 'void value'));
  expect(await typeErrors(folder, [])).toBe('');
  await writeFile(join(folder, 'use.js'), code);
  const { stdout } = await run(await nodeOfVersion(OLDEST_NODE), ['use.js'], { cwd: folder });
  expect(stdout).toBe('1\n2\n');
});

it('market-feed-client reads files and asks brokers from an empty folder', async () => {
  const { project: folder } = installed.byName['market-feed-client'];
  const dir = await testFolder();
  const sink = await openSink(dir);
  await sink.write(outRecords(priceNow('BTCUSDT', '61837.63')));
  await sink.close();
  const code = `
import { connectTopics } from 'market-feed-client';
import { multiply } from 'market-feed-client/decimal';
const market = await connectTopics({ dir: ${JSON.stringify(dir)} });
console.log(multiply(market.latest('BTC')?.price ?? '0', '2'));
await market.close();
await connectTopics({ brokers: ['127.0.0.1:1'] }).catch(({ kind }) => console.log(kind));
`;
  await writeFile(join(folder, 'lines.ts'), code);
  expect(await typeErrors(folder, ['node'])).toBe('');
  const { stdout } = await run(await nodeOfVersion(OLDEST_NODE), ['lines.ts'], { cwd: folder });
  expect(stdout).toBe('123675.26\nconnect_failed\n');
});

/** The oldest version, and in `make faults` ours and the newest. Each of them is downloaded. */
const NODE_VERSIONS = [OLDEST_NODE, ...(isLong ? ['24', '26'] : [])];

describe.each(NODE_VERSIONS)('the package on Node %s', (version) => {
  let node: string;
  beforeAll(async () => {
    node = await nodeOfVersion(version);
  });

  it('serves prices with MarketFeed, and the process exits after close', async () => {
    await writeFile(
      join(project, 'library.js'),
      `import { loadConfig, MarketFeed } from 'market-feed';
const feed = new MarketFeed(['BTC', 'ETH', 'SOL'], { venue: 'bybit', config: loadConfig({ file: ${JSON.stringify(config)} }) });
const priced = Promise.withResolvers();
feed.subscribePrice(() => feed.getAllPrices().length === 3 && priced.resolve());
await feed.connect(); await feed.add('ADA'); await feed.remove('SOL');
await priced.promise;
console.log(JSON.stringify({ price: feed.getPrice('BTC').price, bybit: feed.getStatus().bybit.connected }));
await feed.close();
`,
    );
    const { stdout } = await run(node, ['library.js'], { cwd: project });
    expect(JSON.parse(stdout)).toEqual({ price: expect.stringMatching(/^\d/), bybit: true });
  });

  it('runs the command market-feed', async () => {
    const { stdout } = await run(node, ['node_modules/.bin/market-feed', 'simulate', '--help'], { cwd: project });
    expect(stdout).toContain('usage: market-feed simulate');
  });
});

it("runs README's library example against simulated venues", async () => {
  const example = (await readFile(join(root, 'README.md'), 'utf8'))
    .match(/```ts\n(import \{ MarketFeed \}.*?)```/s)?.[1]
    ?.replace('{ MarketFeed }', '{ loadConfig, MarketFeed }')
    .replace("{ venue: 'bybit' }", `{ venue: 'bybit', config: loadConfig({ file: ${JSON.stringify(config)} }) }`);
  expect(example).toContain('config: loadConfig(');
  await writeFile(join(project, 'example.ts'), example ?? '');
  const child = spawn(await nodeOfVersion(OLDEST_NODE), ['example.ts'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    await until(() => /^connected bybit /m.test(said) && /^BTCUSDT [\d.]+$/m.test(said), {
      timeoutMs: 60_000,
      message: () => `a connection and a price of BTC from the example, which said\n${said}`,
    });
  } finally {
    child.kill('SIGKILL');
  }
});

it('each entry loads only its packages', async () => {
  const packagesOf = {
    'market-feed': ['rxjs', 'ws', 'yaml', 'zod'],
    'market-feed/client': ['avsc', 'rxjs'],
    'market-feed/operators': ['rxjs'],
    'market-feed/venues': ['rxjs', 'ws'],
    'market-feed/market': [],
    'market-feed/decimal': [],
  };
  // One process follows the imports of every module, because each process would compile the same files again.
  await writeFile(
    join(project, 'loads.js'),
    `import { registerHooks } from 'node:module';
const imports = new Map();
registerHooks({ resolve: (specifier, context, next) => {
  const found = next(specifier, context);
  imports.set(context.parentURL, [...(imports.get(context.parentURL) ?? []), found.url]);
  return found;
} });
const packagesOf = {};
for (const entry of process.argv.slice(2)) {
  await import(entry);
  const urls = new Set([import.meta.resolve(entry)]);
  for (const url of urls) for (const imported of imports.get(url) ?? []) urls.add(imported);
  const names = [...urls].map((url) => url.match(/.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/)?.[1]);
  packagesOf[entry] = [...new Set(names)].filter((name) => name !== undefined && name !== 'market-feed').sort();
}
console.log(JSON.stringify(packagesOf));
`,
  );
  const command = ['loads.js', ...Object.keys(packagesOf)];
  const { stdout } = await run(await nodeOfVersion(OLDEST_NODE), command, { cwd: project });
  expect(JSON.parse(stdout)).toEqual(packagesOf);
});

it('a bundle of the operators contains no packages except rxjs and tslib', async () => {
  await writeFile(join(project, 'entry.js'), "export * from 'market-feed/operators';");
  const options = { bundle: true, write: false, metafile: true, format: 'esm', logLevel: 'silent' } as const;
  const inProject = { absWorkingDir: project, preserveSymlinks: true };
  const { metafile } = await build({ ...options, ...inProject, entryPoints: ['entry.js'] });
  const folders = Object.keys(metafile.inputs).map((file) =>
    file.replace(/^node_modules\/(market-feed\/dist\/[^/]+|[^/]+)\/.*/, '$1'),
  );
  expect([...new Set(folders)].sort()).toEqual([
    'entry.js',
    'market-feed/dist/domain', // the checks of options
    'market-feed/dist/operators',
    'rxjs',
    'tslib',
  ]);
});

it('the operators accept Observables of another copy of rxjs', async () => {
  const other = installed.byName['market-feed-client'].project;
  await writeFile(
    join(other, 'two.js'),
    `import { createRequire } from 'node:module';
import { defer, lastValueFrom, of, throwError, toArray } from 'rxjs';
const here = createRequire(import.meta.url);
const theirs = createRequire(${JSON.stringify(join(project, 'lines.ts'))});
const { deduplicate, detectStale, retryBackoff } = await import(theirs.resolve('market-feed/operators'));
let tries = 0;
const flaky$ = defer(() => (tries++ === 0 ? throwError(() => new Error('once')) : of(1, 1, 2)));
const out$ = flaky$.pipe(
  retryBackoff({ initialDelayMs: 1, maxDelayMs: 1, isData: () => true }),
  deduplicate({ key: (value) => String(value), size: 10 }),
  detectStale({ staleAfterMs: 5000, isData: () => true }),
);
const printed = await lastValueFrom(out$.pipe(toArray()));
console.log(JSON.stringify({ two: here.resolve('rxjs') !== theirs.resolve('rxjs'), printed, tries }));
`,
  );
  const { stdout } = await run(process.execPath, ['two.js'], { cwd: other });
  expect(JSON.parse(stdout)).toEqual({ two: true, printed: [1, 2], tries: 2 });
});

it('the package contains the required files and nothing else', () => {
  const names = installed.byName['market-feed'].files.map(({ path }) => path);
  expect(names).toEqual(
    expect.arrayContaining([
      ...['LICENSE', 'README.md', 'package.json', 'bin/market-feed.js', 'bin/compile-cache.js'],
      'schemas/asyncapi.yaml',
    ]),
  );
  const shipped =
    /^(LICENSE|README\.md|package\.json|bin\/(market-feed|compile-cache)\.js|config\/.+\.(yaml|json)|schemas\/(.+\.avsc|asyncapi\.yaml|fingerprints\.json|released\/\d+\/.+\.(hex|json))|dist\/dashboard\/.+|dist\/.+\.(js|d\.ts))$/;
  expect(names.filter((name) => !shipped.test(name))).toEqual([]);
});

it.each(PACKAGES)('%s has the size and the number of packages that docs/package.md states', async (name) => {
  const text = await readFile(join(root, 'docs/package.md'), 'utf8');
  const { size, unpackedSize, byNpm } = installed.byName[name];
  const row = new RegExp(`\\| \`${name}\` \\| ([\\d.]+) MB \\| ([\\d.]+) MB \\| ([\\d.]+) MB \\| (\\d+) \\|`).exec(
    text,
  );
  const megabytes = (bytes: number) => bytes / 1e6;
  const ofNpm = byNpm === undefined ? [] : [megabytes(byNpm.bytes), byNpm.packages];
  const found = [megabytes(size), megabytes(unpackedSize), ...ofNpm];
  console.log(`${name}: ${found.map((value) => value.toPrecision(3)).join(', ')}`);
  const columns = ['packed', 'unpacked', 'installed', 'packages'];
  for (const [at, value] of found.entries()) {
    const printed = Number(row?.[at + 1]);
    const what = `${columns[at]}: ${printed} printed, ${value} found`;
    expect(Math.abs(printed / value - 1), what).toBeLessThanOrEqual(0.1);
  }
});
