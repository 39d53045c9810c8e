import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FolderInUse } from '../../src/sinks/folder-fault.ts';
import { lockFolder } from '../../src/sinks/lock-folder.ts';
import { root } from '../../testing/tools/tools.ts';

let folder: string;
let dir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'market-feed-lock-'));
  dir = join(folder, 'new', 'one');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Locks the folder, prints its process id, and waits to be killed. */
const SCRIPT = `
  const { lockFolder } = await import('./src/sinks/lock-folder.ts');
  lockFolder(process.argv[1]);
  globalThis.gc();
  console.log(process.pid);
  setInterval(() => {}, 1000);
`;
const NODE = [process.execPath, '--expose-gc', '--input-type=module', '--eval', SCRIPT, '--'] as const;
/** Starts a command in a process namespace of its own, as a container does. There, its process id is 1. */
const UNSHARE = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'] as const;

/** @throws Error that names `unshare` and the reason if this machine cannot run it. */
function requireUnshare(): void {
  const [program, ...args] = [...UNSHARE, 'true'];
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(
      `unshare cannot run: ${error?.message ?? stderr} (install util-linux, or allow user namespaces for this user)`,
    );
}

/** Starts a process that holds the lock. It is killed when the test ends. */
async function startHolder(command: readonly string[] = []) {
  const [program = '', ...args] = [...command, ...NODE, dir];
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = async () => {
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  const [pid] = await once(child.stdout, 'data');
  return { pid: Number(pid), kill };
}

describe('lockFolder', () => {
  it('refuses a second writer of this process, and creates the folder', () => {
    const unlock = lockFolder(dir);
    expect(() => lockFolder(dir)).toThrow(FolderInUse);
    expect(() => lockFolder(dir)).toThrow(
      `${dir} is in use: process ${process.pid} on host ${hostname()} writes to it; stop that process, or use another folder`,
    );
    unlock();
    unlock();
    lockFolder(dir)();
  });

  it('names the process that has the lock, and takes over at once after that process is killed', async () => {
    const { pid, kill } = await startHolder();
    expect(() => lockFolder(dir)).toThrow(`process ${pid} on host ${hostname()} writes to it`);
    await kill();
    lockFolder(dir)();
  });

  it('refuses a process of another container, although both processes have the id 1', async () => {
    requireUnshare();
    const { pid } = await startHolder(UNSHARE);
    expect(pid).toBe(1);
    const [program, ...args] = [...UNSHARE, ...NODE, dir];
    const { stderr, status } = spawnSync(program, args, { cwd: root, encoding: 'utf8', timeout: 30_000 });
    expect(status).toBe(1);
    expect(stderr).toContain('is in use: process 1 on host ');
  });

  it('reports why it cannot lock the folder', () => {
    expect(() => lockFolder('/dev/null/one')).toThrow('ENOTDIR');
  });
});
