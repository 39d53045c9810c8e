import { execFile, spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { aptGet } from './apt.ts';
import { fillOnce } from './java.ts';
import { tools } from './tools.ts';

const run = promisify(execFile);
const installed = join(tools, 'promtool');

/** promtool from the PATH or from .tools; undefined if it is missing. */
const promtool = (): string | undefined =>
  ['promtool', join(installed, 'promtool')].find((program) => spawnSync(program, ['--version']).error === undefined);

/**
 * Makes sure that there is a promtool. If it is missing, extracts it from Debian's package of Prometheus into .tools.
 */
export async function preparePromtool(): Promise<void> {
  if (promtool() !== undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-promtool-'));
  try {
    await aptGet(['download', 'prometheus'], folder);
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: folder });
    await fillOnce(installed, (fresh) => copyFile(join(folder, 'unpacked/usr/bin/promtool'), join(fresh, 'promtool')));
  } catch (cause) {
    throw new Error("promtool is missing: it comes with Prometheus (Debian's package prometheus)", { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs promtool and returns its output. Rejects with the output if promtool fails. */
export async function runPromtool(args: readonly string[], input = ''): Promise<string> {
  await preparePromtool();
  // promtool is written in Go. With more memory it spends less CPU time on garbage.
  const env = { ...process.env, GOGC: '400' };
  const child = spawn(promtool() ?? 'promtool', args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code !== 0) throw new Error(`promtool ${args.join(' ')}: ${out}${errors}`);
  return out + errors;
}
