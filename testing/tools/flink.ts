import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getOrCreate } from '../../src/domain/get-or-create.ts';
import { fillOnce, java, maven, SHORT_LIVED, whyNoJavaOf, whyNoMaven } from './java.ts';
import { root, tools } from './tools.ts';

const project = join(root, 'deploy/flink');

/**
 * Runs a file of Flink SQL to its end, in one process, with the program of deploy/flink. Returns what it prints. Builds the
 * program if it has changed (10 s, and a download of 163 MB once).
 * @throws Error that names what is missing, or with the output of the program if it fails.
 */
export async function runFlinkSql(file: string): Promise<string> {
  const built = await buildFlink();
  return runJava(
    `${join(built, 'target/market-feed-flink.jar')}:${libraries(built)}`,
    'market.feed.flink.RunSql',
    file,
  );
}

/**
 * The records of topics in Confluent's wire format, by topic, as testing/java/ReadTopics.java prints them.
 * @throws Error with the output of the program if it fails.
 */
export async function readTopicsWithJava(
  brokers: readonly string[],
  registry: string,
  topics: readonly string[],
): Promise<Map<string, unknown[]>> {
  const program = join(root, 'testing/java/ReadTopics.java');
  const out = await runJava(libraries(await buildFlink()), program, brokers.join(','), registry, ...topics);
  const records = new Map<string, unknown[]>();
  for (const line of out.trimEnd().split('\n')) {
    const topic = line.slice(0, line.indexOf(' '));
    getOrCreate(records, topic, () => []).push(JSON.parse(line.slice(topic.length)));
  }
  return records;
}

const libraries = (built: string): string => join(built, 'target/libs/*');

async function runJava(classPath: string, ...program: readonly string[]): Promise<string> {
  const quick = ['-Xmx512m', '-XX:+UseSerialGC', SHORT_LIVED, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
  const limits = { timeout: 100_000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
  const { stdout } = await promisify(execFile)(java, [...quick, '-cp', classPath, ...program], limits);
  return stdout;
}

/** Builds the program of deploy/flink if it has changed. Returns its folder. */
export async function buildFlink(): Promise<string> {
  const missing = (await whyNoJavaOf(17)) ?? (await whyNoMaven());
  if (missing !== undefined) throw new Error(`no Flink for this test: ${missing}`);
  const sources: string[] = [];
  for await (const name of glob(['pom.xml', 'src/**/*.java'], { cwd: project })) sources.push(name);
  const hash = createHash('sha256');
  for (const name of sources.sort()) hash.update(await readFile(join(project, name)));
  const built = join(tools, 'flink', hash.digest('hex').slice(0, 16));
  await fillOnce(built, async (fresh) => {
    for (const name of sources) await cp(join(project, name), join(fresh, name), { recursive: true });
    await maven('-f', join(fresh, 'pom.xml'), 'package');
  });
  return built;
}
