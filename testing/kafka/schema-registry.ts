import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../processes/free-port.ts';
import { startGuarded } from '../processes/guarded-process.ts';
import { fillOnce, java, maven, SHORT_LIVED, whyNoJavaOf, whyNoMaven } from '../tools/java.ts';
import { tools } from '../tools/tools.ts';
import { until } from '../tools/until.ts';

/** The last release series that runs on Java 17; newer ones need Java 21. */
const version = '3.0.9';
const home = join(tools, 'apicurio', version);

export interface SchemaRegistry {
  /** The base URL of the API that speaks Confluent's protocol. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an empty Apicurio Registry (in memory) from Maven Central; takes about 10 s, and a download of 109 MB once.
 * @throws Error that names what is missing.
 */
export async function startRegistry(): Promise<SchemaRegistry> {
  const missing = await whyNoJavaOf(17);
  if (missing !== undefined) throw new Error(`no schema registry for this test: ${missing}`);
  await fillOnce(home, async (fresh) => {
    const noMaven = await whyNoMaven();
    if (noMaven !== undefined) throw new Error(`no schema registry for this test: ${noMaven}`);
    const name = 'apicurio-registry-app';
    const artifact = `io.apicurio:${name}:${version}:tar.gz:all`;
    await maven('dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${fresh}`);
    const archive = join(fresh, `${name}-${version}-all.tar.gz`);
    await promisify(execFile)('tar', ['-xzf', archive, '-C', fresh]);
    await rm(archive);
  });

  const port = await freePort();
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const directory = await mkdtemp(join(tmpdir(), 'market-feed-registry-'));
  const logFile = join(directory, 'registry.log');
  const registry = await startGuarded(
    [
      ...[
        java,
        '-Xmx384m',
        '-XX:+UseSerialGC',
        SHORT_LIVED,
        '-Dquarkus.http.host=127.0.0.1',
        `-Dquarkus.http.port=${port}`,
      ],
      ...['-jar', join(home, `apicurio-registry-app-${version}-runner.jar`)],
    ],
    logFile,
  );
  const close = async () => {
    await registry.end('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await until(async () => !registry.running || (await fetch(`${url}/subjects`)).ok, {
      timeoutMs: 90_000,
      everyMs: 100,
      message: `the schema registry answers at ${url}`,
    });
    if (!registry.running) throw new Error('the schema registry ended before it answered');
  } catch (cause) {
    const log = await readFile(logFile, 'utf8').catch(() => '');
    await close();
    throw new Error(`the schema registry did not start:\n${log.slice(-2000)}`, { cause });
  }
  return { url, close };
}
