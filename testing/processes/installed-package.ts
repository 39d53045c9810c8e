import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isLong } from '../tools/is-long.ts';
import { quickFolder } from '../tools/quick-folder.ts';
import { root, tools } from '../tools/tools.ts';

/* Builds and packs the packages, and installs them as a user would, for tests. */

const run = promisify(execFile);
/**
 * Entries of the repository that the build and the packages do not need. They may change during the copy, so they are
 * left out.
 */
const LEFT_OUT = new Set([
  ...['.git', '.tools', 'data', 'dist', 'node_modules', 'test-results'],
  ...['bench', 'deploy', 'docs', 'examples', 'test', 'testing'],
]);

/** The packages that `make build` makes: the main one, then the small ones. */
export const PACKAGES = ['market-feed', 'market-feed-client', 'market-feed-operators'] as const;

/** The environment of a compiler in Go. A short run needs a quarter less CPU time without garbage collection. */
export const GO_COMPILER = { ...process.env, GOGC: 'off' };

/** The output of `npm pack`. */
interface Packed {
  readonly name: string;
  readonly filename: string;
  /** Size of the archive, bytes. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** A package as npm would publish it, installed with its dependencies in a user's project. */
export interface InstalledPackage extends Packed {
  readonly project: string;
  /** What npm installed. Undefined: the dependencies are links. */
  readonly byNpm: { readonly bytes: number; readonly packages: number } | undefined;
}

export interface InstalledPackages {
  readonly byName: Readonly<Record<(typeof PACKAGES)[number], InstalledPackage>>;
  close(): Promise<void>;
}

/**
 * Builds and packs the packages, and installs each in an empty folder, from the cache of npm if possible. In the suite, the
 * dependencies of the main package are links to those of this repository, because npm takes ten seconds to install them.
 */
export async function installPackages(): Promise<InstalledPackages> {
  const folder = await mkdtemp(join(await quickFolder(), 'market-feed-package-'));
  const archives = await pack(folder);
  const installed = async (name: string): Promise<InstalledPackage> => {
    const packed = archives.find((each) => each.name === name);
    if (packed === undefined) throw new Error(`make build made no package ${name}`);
    return install(packed, folder, name === 'market-feed' && !isLong ? linkPackages : byNpm);
  };
  const [main, client, operators] = PACKAGES;
  return {
    byName: {
      [main]: await installed(main),
      [client]: await installed(client),
      [operators]: await installed(operators),
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

type Install = (archive: string, project: string) => Promise<InstalledPackage['byNpm']>;

async function install(packed: Packed, folder: string, installInto: Install): Promise<InstalledPackage> {
  const project = join(folder, packed.name);
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  return { ...packed, project, byNpm: await installInto(join(folder, packed.filename), project) };
}

async function byNpm(archive: string, project: string): Promise<InstalledPackage['byNpm']> {
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, archive, 'rxjs'], { cwd: project });
  const { packages } = await readLock(join(project, 'node_modules/.package-lock.json'));
  return { bytes: await sizeOf(join(project, 'node_modules')), packages: Object.keys(packages).length };
}

/** Links the packages that npm would install without the development dependencies, as package-lock.json has them. */
async function linkPackages(archive: string, project: string): Promise<undefined> {
  const own = join(project, 'node_modules/market-feed');
  await mkdir(own, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', own, '--strip-components=1']);
  const { packages } = await readLock(join(root, 'package-lock.json'));
  const used = Object.entries(packages).filter(
    ([path, { dev }]) =>
      /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) && dev !== true && existsSync(join(root, path)),
  );
  for (const [path] of used) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await symlink(join(root, path), join(project, path));
  }
  await mkdir(join(project, 'node_modules/.bin'), { recursive: true });
  await symlink('../market-feed/bin/market-feed.js', join(project, 'node_modules/.bin/market-feed'));
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

async function readLock(file: string): Promise<Lock> {
  return JSON.parse(await readFile(file, 'utf8')) as Lock;
}

/** Packs the packages into the folder. It builds in a copy, because other tests use dist/. */
async function pack(folder: string): Promise<readonly Packed[]> {
  // The copy is inside the repository, so that Node finds its packages, and in .tools, which no check reads.
  await mkdir(tools, { recursive: true });
  const copy = await mkdtemp(join(tools, 'package-'));
  try {
    for (const name of await readdir(root))
      if (!LEFT_OUT.has(name)) await cp(join(root, name), join(copy, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const main = await packed(copy, folder, '.');
    const small = join(copy, 'dist/packages');
    const folders = (await readdir(small)).map((name) => join(small, name));
    return [...main, ...(await packed(copy, folder, ...folders))];
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`the packages cannot be packed:\n${stdout}${stderr}`, { cause });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function packed(cwd: string, folder: string, ...sources: readonly string[]): Promise<readonly Packed[]> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, ...sources], {
    cwd,
    env: GO_COMPILER,
  });
  // The output of prepack comes first, then an array or, from npm 12 on, an object by name.
  return Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>);
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
