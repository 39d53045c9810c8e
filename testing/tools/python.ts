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
const python = join(environment, 'bin/python');

/**
 * Makes the Python environment of these scripts in .tools/python, once for each requirements.txt.
 * @throws Error that names what is missing.
 */
export async function preparePython(): Promise<void> {
  const requirements = join(scripts, 'requirements.txt');
  const stamp = join(environment, 'requirements.txt');
  const wanted = await readFile(requirements, 'utf8');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await rm(environment, { recursive: true, force: true });
  await step("Python 3 with its venv module is missing: 'python3 -m venv' fails", 'python3', [
    '-m',
    'venv',
    environment,
  ]);
  await step(`pip cannot install ${wanted.trim().split('\n').join(' and ')}`, python, [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
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

/** Runs a script of testing/python in its environment, to its end. */
export async function runPython(script: string, args: readonly string[]): Promise<PythonResult> {
  await preparePython();
  const child = spawn(python, [join(scripts, script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { stdout, stderr, code };
}
