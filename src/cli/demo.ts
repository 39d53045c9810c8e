import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { VENUE_IDS } from '../domain/instrument.ts';
import { type Command, UsageError } from './arguments/command.ts';

const DEFAULT_OUT = 'data/demo';
const DEFAULT_PORT = 8080;
const DEFAULT_SIMULATOR_PORT = 9100;
/** The folder in --out to which the command that the demo prints exports. */
const PARQUET = 'parquet';
const ELSE_ANY = 'any free one if that is taken';
const TRADES_PER_SECOND = 100;
/** Enough for some minutes of the most traded coin. With the simulator's default, a demo grows for an hour. */
const KEPT_TRADES = 4096;
const LOG_EVERY_MS = 5000;

export const command: Command = {
  usage: 'demo [--port N] [--simulator-port N] [--duration S] [--out DIR]',
  about: `The whole pipeline against simulated venues, into Avro files, with the dashboard: no broker, no network. Ctrl-C ends it. Every record is marked simulated.\nA demo first deletes an earlier demo's files and spill in ${DEFAULT_OUT}; with --out it continues the files of that folder.`,
  options: {
    port: { value: 'N', help: `port of dashboard and API (default ${DEFAULT_PORT}; ${ELSE_ANY})` },
    'simulator-port': {
      value: 'N',
      help: `port of the simulated venues (default ${DEFAULT_SIMULATOR_PORT}; ${ELSE_ANY})`,
    },
    duration: { value: 'S', help: 'ends after this many seconds' },
    out: { value: 'DIR', help: `folder of the files (default ${DEFAULT_OUT})` },
  },
  async run(context) {
    const { options } = context;
    const port = options.number('port', 0, 65_535);
    const simulatorPort = options.number('simulator-port', 0, 65_535);
    if (port !== undefined && port !== 0 && port === simulatorPort)
      throw new UsageError(`--simulator-port: found "${port}", allowed: another port than --port`);
    const seconds = options.number('duration', 0.1, 31_536_000, 'any');
    const out = options.text('out') ?? DEFAULT_OUT;
    let simulator: Awaited<ReturnType<typeof startVenues>> | undefined;
    try {
      simulator = await startVenues(simulatorPort, port);
      // The user's environment variables are not used, because they may configure production.
      const values = demoValues(
        simulator.url,
        simulator.httpUrl,
        path.resolve(out),
        port ?? (await portOr(DEFAULT_PORT)),
      );
      const config = loadConfig({ values });
      const isReplaced = options.text('out') === undefined;
      if (isReplaced) await removePreviousFiles(config);
      const { runFeed } = await import('./running/run-feed.ts');
      return await runFeed(context, config, {
        hints: [
          `files  ${out}  npx market-feed tail trades --dir ${out} --from beginning`,
          `break  curl -d '{"venue":"bybit","fault":"close"}' ${simulator.httpUrl}/faults    (GET lists all)`,
        ],
        nextCommand: queryOfTrades(out),
        ...(isReplaced ? { spillFate: 'the next demo deletes them' } : {}),
        logEveryMs: LOG_EVERY_MS,
        ...(seconds === undefined ? {} : { durationMs: seconds * 1000 }),
      });
    } finally {
      await simulator?.close();
    }
  },
};

/**
 * A line for a shell that queries the trades in the folder with DuckDB. It converts them first, because DuckDB reads
 * decimals in Avro files as bytes. The demo itself writes no Parquet files: that takes 7 % more CPU time, and most files
 * would be incomplete when it ends.
 */
function queryOfTrades(out: string): string {
  const parquet = path.join(out, PARQUET);
  const files = path.join(parquet, 'trades/**/*.parquet').replaceAll("'", "''");
  const sql =
    'select symbol, count(*) as trades, round(sum(value), 2) as value, sum(value) / sum(quantity) as vwap ' +
    `from read_parquet('${files}') group by symbol order by value desc`;
  const exported = `--from ${shellWord(path.join(out, 'trades'))} --to ${shellWord(parquet)}`;
  return `npx market-feed export ${exported} && duckdb -c ${inQuotes(sql)}`;
}

const shellWord = (text: string): string => (/^[\w./-]+$/.test(text) ? text : inQuotes(text));

const inQuotes = (text: string): string => `"${text.replace(/["\\$`]/g, '\\$&')}"`;

/** Starts the simulated venues at `port`; by default at the usual port, if that is free and not the gateway's. */
async function startVenues(port: number | undefined, gatewayPort: number | undefined) {
  const { startSimulator } = await import('../simulator/server.ts');
  const rate = {
    bybit: TRADES_PER_SECOND,
    binance: TRADES_PER_SECOND,
    binance_us: TRADES_PER_SECOND,
    binance_testnet: 0,
  };
  const market = { rate, keptTrades: KEPT_TRADES, seed: 1 + (Date.now() % 1_000_000) };
  try {
    const usual = gatewayPort === DEFAULT_SIMULATOR_PORT ? 0 : DEFAULT_SIMULATOR_PORT;
    return await startSimulator({ ...market, port: port ?? usual });
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!taken || port !== undefined) throw error;
    return startSimulator({ ...market, port: 0 });
  }
}

/** Returns the port if it is free on this machine, otherwise 0: any free port. */
async function portOr(port: number): Promise<number> {
  const { portProblem } = await import('../net/port-problem.ts');
  return (await portProblem('127.0.0.1', port)) === undefined ? port : 0;
}

/** The testnet is left out: its records would be marked testnet, not simulated. */
const DEMO_VENUES = VENUE_IDS.filter((venue) => venue !== 'binance_testnet');

function demoValues(wsUrl: string, httpUrl: string, dir: string, gatewayPort: number): object {
  return {
    environment: 'simulated',
    feed: { venues: DEMO_VENUES, allow_test_data: true, fail_back_after_ms: 15_000 },
    venues: Object.fromEntries(
      VENUE_IDS.map((venue) => [
        venue,
        {
          websocket_urls: [`${wsUrl}/${venue}${venue === 'bybit' ? '/v5/public/spot' : '/stream'}`],
          rest_urls: [`${httpUrl}/${venue}`],
        },
      ]),
    ),
    sinks: ['file'],
    file: { dir },
    spill: { dir: path.join(dir, 'spill') },
    gateway: { port: gatewayPort },
  };
}

/**
 * Deletes the record files, exported files and spill of an earlier demo, and nothing else. The spill's records would not
 * fit the new market, whose trade ids begin again. @throws FolderInUse if that demo still runs
 */
async function removePreviousFiles({ file: { dir }, spill, sinks }: Config): Promise<void> {
  const { lockFolder } = await import('../sinks/lock-folder.ts');
  const { folderDisk } = await import('../sinks/spill/spill-disk.ts');
  const spills = sinks.map((sink) => folderDisk(path.join(spill.dir, sink)));
  // The sinks lock the folders again.
  const unlock = lockFolder(dir);
  try {
    for (const disk of spills) disk.lock();
    for (const disk of spills) disk.remove();
    const { TOPICS } = await import('../codec/topics.ts');
    const { fileName, listFiles, PART } = await import('../avro-file/file-name.ts');
    for (const { name } of TOPICS) {
      const folder = path.join(dir, name);
      await rm(path.join(dir, PARQUET, name), { recursive: true, force: true });
      for (const file of await listFiles(folder)) {
        const closed = path.join(folder, fileName(file.stamp, file.seq));
        await rm(file.open ? closed + PART : closed, { force: true });
      }
    }
  } finally {
    for (const disk of spills) disk.unlock();
    unlock();
  }
}
