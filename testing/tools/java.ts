import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The java that tests run: JAVA_HOME's, else the PATH's. */
export const java: string = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';

/** Option for a short-lived JVM: only the quick compiler, so that a start takes half of the CPU. */
export const SHORT_LIVED = '-XX:TieredStopAtLevel=1';

/** Why Java of that version or newer is missing; undefined if it is there. */
export async function whyNoJavaOf(version: number): Promise<string | undefined> {
  const found = await run(java, ['-version']).then(
    ({ stderr }) => Number(/version "(?:1\.)?(\d+)/.exec(stderr)?.[1] ?? 0),
    () => undefined,
  );
  if (found === undefined) return `no Java: '${java}' does not run`;
  return found < version ? `Java ${found} is too old: ${version} or newer is needed` : undefined;
}

/** Why Maven is missing; undefined if it is there. */
export function whyNoMaven(): Promise<string | undefined> {
  return run('mvn', ['-v']).then(
    () => undefined,
    () => "no Maven: 'mvn' does not run",
  );
}

/**
 * Fills a folder once. `fill` gets a temporary folder, which is renamed when it is complete. So two calls at the same
 * time do not disturb each other.
 */
export async function fillOnce(folder: string, fill: (fresh: string) => Promise<unknown>): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}-`);
  try {
    await fill(fresh);
    await rename(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Runs Maven quietly and without questions. */
export async function maven(...args: string[]): Promise<void> {
  await run('mvn', ['-q', '-B', ...args], { env: { MAVEN_OPTS: SHORT_LIVED, ...process.env } });
}
