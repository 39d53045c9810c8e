import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { aptGet } from './apt.ts';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Path of Chromium: CHROME_BIN, or one of the usual names on the PATH.
 * @throws Error that names what is missing.
 */
export async function chromium(): Promise<string> {
  const found = await findChromium();
  if (found === undefined)
    throw new Error(`a Chromium is missing: none of ${NAMES.join(', ')} is on the PATH, and CHROME_BIN names none`);
  return found;
}

/**
 * Makes sure that there is a Chromium. If it is missing, installs Debian's package, which needs root and apt-get.
 * @throws Error that names what is missing.
 */
export async function prepareChromium(): Promise<void> {
  if ((await findChromium()) === undefined && process.getuid?.() === 0)
    await aptGet(['install', '-y', '--no-install-recommends', 'chromium']).catch(() => {});
  const program = await chromium();
  await run(program, ['--version']).catch((cause: unknown) => {
    throw new Error(`${program} is there but does not start`, { cause });
  });
}

async function findChromium(): Promise<string | undefined> {
  const { CHROME_BIN, PATH = '' } = process.env;
  if (CHROME_BIN) return (await isProgram(CHROME_BIN)) ? CHROME_BIN : undefined;
  for (const folder of PATH.split(delimiter))
    for (const name of NAMES) if (await isProgram(join(folder, name))) return join(folder, name);
  return undefined;
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
