import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tools } from '../../testing/tools/tools.ts';

const run = promisify(execFile);
const PACKAGES = ['cryptofeed==2.4.1', 'aiokafka==0.14.0'];
const IMPORTS = 'import cryptofeed, aiokafka';
const INSTALL_WITHIN_MS = 300_000;

export const cryptofeedScript = join(import.meta.dirname, 'simulated_binance.py');

/**
 * Returns the path of a Python with cryptofeed and aiokafka: BENCH_CRYPTOFEED_PYTHON, or an environment in
 * .tools/cryptofeed, which is created if it is missing.
 * @throws Error if the packages cannot be installed or imported.
 */
export async function cryptofeedPython(): Promise<string> {
  const given = process.env.BENCH_CRYPTOFEED_PYTHON;
  const environment = join(tools, 'cryptofeed');
  const python = given ?? join(environment, 'bin', 'python');
  if (
    given === undefined &&
    !(await access(python).then(
      () => true,
      () => false,
    ))
  ) {
    await run('python3', ['-m', 'venv', environment]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES], {
      timeout: INSTALL_WITHIN_MS,
    });
  }
  await run(python, ['-c', IMPORTS]);
  return python;
}
