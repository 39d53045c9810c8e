import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';

/** Starts the installed `market-feed`, and returns its process after the first output. */
async function start(nodeArgs: readonly string[], ...argv: readonly string[]) {
  return startWith({}, nodeArgs, ...argv);
}

async function startWith(environment: NodeJS.ProcessEnv, nodeArgs: readonly string[], ...argv: readonly string[]) {
  const child = spawn(process.execPath, [...nodeArgs, 'bin/market-feed.js', ...argv], {
    env: { ...process.env, ...environment },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await until(() => said.out !== '', { message: 'it says something' });
  const ofProcess = async (file: string) => (await readFile(`/proc/${child.pid}/${file}`, 'utf8')).split('\0');
  return { child, said, ended, ofProcess };
}

// Only Linux shows the arguments of a process.
const onLinux = it.runIf(process.platform === 'linux');

onLinux(
  'the installed market-feed runs a long command in its process with a small young generation and one malloc arena',
  async () => {
    const { child, said, ended, ofProcess } = await start([], 'simulate', '--port', '0');
    expect(await ofProcess('cmdline')).toContain('--max-semi-space-size=16');
    expect(await ofProcess('environ')).toContain('MALLOC_ARENA_MAX=1');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(said.err).toBe('');
  },
);

/** Makes Node.js look like an old one. */
const LOOKS_OLD =
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } }); delete process.execve';
async function ofChildOf({ pid }: ChildProcess, file: string): Promise<readonly string[]> {
  const child = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
  return (await readFile(`/proc/${child}/${file}`, 'utf8')).split('\0');
}
const NODE_OF_MAKE = '.tools/node_modules/node/bin/node';

it.runIf(process.platform === 'linux' && existsSync(NODE_OF_MAKE))(
  "with an old Node.js, market-feed starts the Node.js of make, with the same memory options or the user's",
  async () => {
    const looksOld = ['--import', `data:text/javascript,${encodeURIComponent(LOOKS_OLD)}`];
    const { child, said, ended } = await start(looksOld, 'simulate', '--port', '0');
    const [node, ...args] = await ofChildOf(child, 'cmdline');
    expect(node).toContain(NODE_OF_MAKE);
    expect(args).toContain('--max-semi-space-size=16');
    expect(await ofChildOf(child, 'environ')).toContain('MALLOC_ARENA_MAX=1');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(said.err).toBe('');

    const own = { NODE_OPTIONS: '--max-semi-space-size=64' };
    const other = await startWith(own, looksOld, 'simulate', '--port', '0');
    expect((await ofChildOf(other.child, 'cmdline')).filter((arg) => arg.includes('semi-space'))).toEqual([]);
    other.child.kill('SIGINT');
    expect(await other.ended).toBe(0);
  },
);

onLinux('the installed market-feed keeps a --max-semi-space-size that the user has set', async () => {
  const { child, ended, ofProcess } = await start(['--max-semi-space-size=64'], 'simulate', '--port', '0');
  const args = await ofProcess('cmdline');
  expect(args.filter((arg) => arg.includes('semi-space'))).toEqual(['--max-semi-space-size=64']);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
});

it('the installed market-feed prints the help and exits with 0 for --help', async () => {
  const { said, ended } = await start([], '--help');
  expect(await ended).toBe(0);
  expect(said.out).toContain('market-feed');
});

/** Prints at exit whether the TypeScript stripper is loaded. */
const PRINTS_TYPE_STRIPPING =
  'process.on("exit", () => console.error(process.moduleLoadList.some((name) => name.includes("/amaro/")) ? "types taken out" : "no types seen"))';

it('the installed market-feed strips TypeScript types only at the first start, although a long command restarts itself', async () => {
  const environment = { XDG_CACHE_HOME: await temporaryFolder(), NODE_COMPILE_CACHE: undefined };
  const types = async (...argv: readonly string[]) => {
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(PRINTS_TYPE_STRIPPING)}`];
    const { child, said, ended } = await startWith(environment, nodeArgs, ...argv);
    child.kill('SIGINT');
    await ended;
    return said.err.trim();
  };
  const simulate = ['simulate', '--port', '0'];
  expect(await types(...simulate)).toBe('types taken out');
  expect(await types(...simulate)).toBe('no types seen');
  expect(await types('--help')).toBe('no types seen');
});

/** Prints at exit whether Node's own HTTP client for `fetch` is loaded. */
const PRINTS_FETCH =
  'process.on("exit", () => console.error(process.moduleLoadList.some((name) => name.includes("undici")) ? "fetch" : "no fetch"))';

it('no thread of a demo loads the HTTP client of fetch, which takes 13 MiB', async () => {
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(PRINTS_FETCH)}`];
  const demo = ['demo', '--port', '0', '--simulator-port', '0', '--duration', '0.5', '--out', await temporaryFolder()];
  const { stderr } = await promisify(execFile)(process.execPath, [...nodeArgs, 'bin/market-feed.js', ...demo]);
  const ofThreads = stderr.split('\n').filter((line) => line.endsWith('fetch'));
  expect(ofThreads).toContain('no fetch');
  expect(ofThreads).not.toContain('fetch');
});
