import { execFile } from 'node:child_process';
import { chown, glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { freePort } from '../processes/free-port.ts';
import { startGuarded } from '../processes/guarded-process.ts';
import { aptGet } from './apt.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export interface PostgresServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The user `nobody`: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/**
 * Starts PostgreSQL with an empty database. If PostgreSQL is missing, installs Debian's package, which needs root.
 * @throws Error that names what is missing.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = await postgresPrograms();
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const data = await mkdtemp(join(tmpdir(), 'market-feed-postgres-'));
  if (isRoot) await chown(data, NOBODY, NOBODY);
  const [program = '', ...initdb] = [...as, join(programs, 'initdb'), '-D', data, '-U', 'market', '-A', 'trust', '-N'];
  await run(program, initdb, { cwd: '/' });
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  const server = await startGuarded(
    [...as, join(programs, 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    `${data}.log`,
  );
  const url = `postgres://market@127.0.0.1:${port}/postgres`;
  const close = async (): Promise<void> => {
    await server.end('SIGINT'); // a fast shutdown, which ends all sessions
    await rm(data, { recursive: true, force: true });
    await rm(`${data}.log`, { force: true });
  };
  const answers = async (): Promise<boolean> => {
    const sql = postgres(url, { max: 1 });
    return sql`SELECT 1`.then(() => true).finally(() => sql.end());
  };
  try {
    await until(answers, { everyMs: 200, message: `PostgreSQL answers at ${url}, see ${data}.log` });
  } catch (error) {
    await server.end('SIGKILL');
    await rm(data, { recursive: true, force: true });
    throw error;
  }
  return { url, close };
}

/** The folder of PostgreSQL's programs. */
async function postgresPrograms(): Promise<string> {
  const found = await findPrograms();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0)
    await aptGet(['install', '-y', '--no-install-recommends', 'postgresql']).catch(() => {});
  const installed = await findPrograms();
  if (installed === undefined) throw new Error("PostgreSQL is missing: install Debian's package postgresql");
  return installed;
}

async function findPrograms(): Promise<string | undefined> {
  for await (const program of glob('/usr/lib/postgresql/*/bin/initdb')) return dirname(program);
  return undefined;
}
