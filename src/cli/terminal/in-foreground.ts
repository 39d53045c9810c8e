import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const STAT = '/proc/self/stat';

/**
 * Whether the terminal's keys are for this process. A process in the background (`run &`) that changes the terminal's
 * mode or reads its keys is stopped by the system.
 */
export function inForeground(): boolean {
  const [own, foreground] = existsSync(STAT) ? groupsFromProc() : groupsFromPs();
  return own !== undefined && own === foreground;
}

/** The process group of this process, and the terminal's foreground process group. See proc(5). */
function groupsFromProc(): readonly (string | undefined)[] {
  const stat = readFileSync(STAT, 'utf8');
  // The second field is the name in parentheses, which may have spaces.
  const [, , own, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [own, foreground];
}

/** The same on systems without /proc. */
function groupsFromPs(): readonly (string | undefined)[] {
  const { stdout } = spawnSync('ps', ['-o', 'pgid=,tpgid=', '-p', String(process.pid)], { encoding: 'utf8' });
  return (stdout ?? '').trim().split(/\s+/);
}
