import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
let turn: Promise<unknown> = Promise.resolve();

/**
 * Updates the package lists if that is possible, then runs apt-get. Calls wait for each other, because apt-get refuses
 * to run twice at a time.
 */
export function aptGet(args: readonly string[], cwd?: string): Promise<void> {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, cwd };
  const mine = turn.then(async () => {
    await run('apt-get', ['update', '-qq'], options).catch(() => {});
    await run('apt-get', ['-qq', ...args], options);
  });
  turn = mine.catch(() => {});
  return mine;
}
