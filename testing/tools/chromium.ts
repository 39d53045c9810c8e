import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { aptGet } from './apt.ts';

const run = promisify(execFile);
/** Chromium without its own windows comes first, because it uses a fifth less CPU for the same tests. */
const SHELL = 'chromium-headless-shell';
const NAMES = [SHELL, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

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
 * Makes sure that there is a Chromium. Installs Debian's package of the headless one if it is missing, which needs root and
 * apt-get; without them, any other Chromium does.
 * @throws Error that names what is missing.
 */
export async function prepareChromium(): Promise<void> {
  if (!process.env.CHROME_BIN && (await onPath([SHELL])) === undefined && process.getuid?.() === 0)
    await aptGet(['install', '-y', '--no-install-recommends', SHELL]).catch(() => {});
  const program = await chromium();
  await run(program, ['--version']).catch((cause: unknown) => {
    throw new Error(`${program} is there but does not start`, { cause });
  });
}

async function findChromium(): Promise<string | undefined> {
  const { CHROME_BIN } = process.env;
  if (CHROME_BIN) return (await isProgram(CHROME_BIN)) ? CHROME_BIN : undefined;
  return onPath(NAMES);
}

async function onPath(names: readonly string[]): Promise<string | undefined> {
  for (const name of names)
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      if (await isProgram(join(folder, name))) return join(folder, name);
  return undefined;
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
