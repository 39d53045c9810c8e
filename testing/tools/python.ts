import { execFile, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { tools } from './tools.ts';

/* Runs the scripts of testing/python, which check our output without our code, in a Python environment of their own. */

const run = promisify(execFile);
const scripts = join(import.meta.dirname, '../python');
const environment = join(tools, 'python');
/** The interpreter of this environment; call `preparePython` before you run it. */
export const python: string = join(environment, 'bin/python');

/**
 * Makes the Python environment of these scripts in .tools/python, once for each requirements.txt.
 * @throws Error that names what is missing.
 */
export async function preparePython(): Promise<void> {
  await install('requirements.txt', async () => {
    await rm(environment, { recursive: true, force: true });
    const missing = "Python 3 with its venv module is missing: 'python3 -m venv' fails";
    await step(missing, 'python3', ['-m', 'venv', environment]);
  });
}

/**
 * Installs the engines that only `make faults` tests, because they are large, in the same environment.
 * @throws Error that names what is missing.
 */
export async function prepareEngines(): Promise<void> {
  await preparePython();
  await install('engines.txt');
}

/** Installs the packages that a file of testing/python names, if this version of the file is not installed yet. */
async function install(name: string, prepare?: () => Promise<void>): Promise<void> {
  const requirements = join(scripts, name);
  const stamp = join(environment, name);
  const wanted = await readFile(requirements, 'utf8');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await prepare?.();
  await step(`pip cannot install ${wanted.trim().split('\n').join(' and ')}`, python, [
    ...['-m', 'pip', 'install', '--no-compile', '--quiet', '--disable-pip-version-check', '-r', requirements],
  ]);
  await writeFile(stamp, wanted);
}

async function step(missing: string, command: string, args: string[]): Promise<void> {
  try {
    await run(command, args);
  } catch (cause) {
    throw new Error(`${missing}\n${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

export interface PythonResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** A script that takes longer is killed. */
const LONGEST_MS = 9 * 60_000;

/** Runs a script of testing/python in its environment, to its end; `input` is its stdin. */
export async function runPython(script: string, args: readonly string[], input = ''): Promise<PythonResult> {
  await preparePython();
  const child = spawn(python, [join(scripts, script), ...args], {
    stdio: 'pipe',
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  child.stdin.end(input);
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { stdout, stderr, code };
}
