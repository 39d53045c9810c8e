import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../support/simulated-feed.ts';
import { root } from '../support/tools.ts';

/** The package as npm would publish it, installed in a project of a user's own. */
const run = promisify(execFile);
let project: string;
let simulator: Simulator;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'market-feed-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: root });
  const [packed] = Object.values(
    JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, { filename: string }>,
  );
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'market-feed'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
  await run('tar', [
    'xzf',
    join(project, packed?.filename ?? ''),
    '--strip-components=1',
    '-C',
    join(modules, 'market-feed'),
  ]);
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  simulator = await startSimulator({ rate: 100 });
});
afterAll(async () => {
  await simulator?.close();
  await rm(project, { recursive: true, force: true });
});

/** The lines of the contract's section on the library, and what their types have to be. */
const LINES = `
import { MarketFeed } from 'market-feed';
import { retryBackoff, failover, detectStale, repairGaps, windowStats } from 'market-feed/operators';
import { connectTopics } from 'market-feed/client';
import type { Observable } from 'rxjs';

const feed = new MarketFeed(['BTC', 'ETH', 'SOL'], { venue: 'bybit' });
new MarketFeed(['BTC'], { venues: ['bybit'] });
feed.prices$; feed.trades$; feed.status$; feed.frames$;
feed.subscribePrice(tick => { const price: string = tick.price; const volume: string | null = tick.volume24h; void price; void volume; });
feed.subscribeTrades(trade => { const sold: boolean = trade.isBuyerMaker; const id: string = trade.tradeId; void sold; void id; });
feed.subscribeStatus(s => { const state: string = s.state; void state; });
const btc = feed.getPrice('BTC');
// @ts-expect-error it may not have come yet
btc.price;
// @ts-expect-error a price is text, never a number
const wrong: number | undefined = btc?.price;
feed.getAllPrices().length; feed.getStatus().bybit?.messageCount;
await feed.connect(); await feed.add('ADA'); await feed.remove('SOL'); await feed.close();
// @ts-expect-error no such venue
new MarketFeed(['BTC'], { venue: 'mtgox' });

const brokers = ['127.0.0.1:9092'];
const market = await connectTopics({ brokers });
const trades$: Observable<{ readonly price: string; readonly quantity: string }> = market.trades$('BTC');
market.prices$('BTC'); market.status$;
const latest: { readonly price: string } | undefined = market.latest('BTC');
market.trading$('BTC').subscribe(({ state, reason }) => { const is: 'allowed' | 'halted' = state; const why: string = reason; void is; void why; });
market.trading$('BTC', { maxPriceAgeMs: 5000, maxLagMs: 2000, statusSilenceMs: 3000, allowTestData: false });
void [retryBackoff, failover, detectStale, repairGaps, windowStats, wrong, trades$, latest];
`;

it('its types are those that the documents show, under a strict compiler', async () => {
  await writeFile(join(project, 'lines.ts'), LINES);
  const options = { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, noEmit: true };
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, skipLibCheck: false, types: ['node'] }, files: ['lines.ts'] }),
  );
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});

it('its library runs', async () => {
  const config = join(project, 'simulated.json');
  await writeFile(config, JSON.stringify(simulatedValues(simulator)));
  await writeFile(
    join(project, 'library.js'),
    `import { loadConfig, MarketFeed } from 'market-feed';
const feed = new MarketFeed(['BTC', 'ETH', 'SOL'], { venue: 'bybit', config: loadConfig({ file: ${JSON.stringify(config)} }) });
const states = new Set();
feed.subscribeStatus(({ state }) => states.add(state));
const priced = Promise.withResolvers();
feed.subscribePrice(() => feed.getAllPrices().length === 3 && priced.resolve());
await feed.connect(); await feed.add('ADA'); await feed.remove('SOL');
await priced.promise.catch(() => {});
console.log(JSON.stringify({ price: feed.getPrice('BTC').price, bybit: feed.getStatus().bybit.connected, connected: states.has('connected') }));
await feed.close();
`,
  );
  const { stdout } = await run(process.execPath, [join(project, 'library.js')], { cwd: project });
  expect(JSON.parse(stdout)).toEqual({ price: expect.stringMatching(/^\d/), bybit: true, connected: true });
});

it('its command runs', async () => {
  const bin = join(project, 'node_modules', 'market-feed', 'bin', 'market-feed.js');
  const { stdout } = await run(process.execPath, [bin, 'simulate', '--help'], { cwd: project });
  expect(stdout).toContain('usage: market-feed simulate');
});
