import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

/** The parts of a package.json that are read here. */
interface Manifest {
  readonly scripts?: { readonly prepack?: string };
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
}

/** A package as npm would publish it, installed with its dependencies in a user's project. */
export interface InstalledPackage extends Packed {
  readonly project: string;
  /** Size of everything that npm installed, bytes. */
  readonly installedSize: number;
  /** Number of packages that npm installed, including this one. */
  readonly installedPackages: number;
}

export interface InstalledPackages {
  readonly byName: Readonly<Record<(typeof PACKAGES)[number], InstalledPackage>>;
  close(): Promise<void>;
}

/**
 * Builds and packs the packages, and installs each in an empty folder. npm installs the main package, from its cache if
 * possible. The small packages get the dependencies that they name from that installation.
 */
export async function installPackages(): Promise<InstalledPackages> {
  const folder = await mkdtemp(join(await quickFolder(), 'market-feed-package-'));
  const archives = await pack(folder);
  const packed = (name: string): Packed => {
    const found = archives.find((each) => each.name === name);
    if (found === undefined) throw new Error(`make build made no package ${name}`);
    return found;
  };
  const [main, client, operators] = PACKAGES;
  const installed = await install(packed(main), folder);
  return {
    byName: {
      [main]: installed,
      [client]: await installFrom(installed, packed(client), folder),
      [operators]: await installFrom(installed, packed(operators), folder),
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function newProject(packed: Packed, folder: string): Promise<string> {
  const project = join(folder, packed.name);
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  return project;
}

async function install(packed: Packed, folder: string): Promise<InstalledPackage> {
  const project = await newProject(packed, folder);
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, join(folder, packed.filename), 'rxjs'], { cwd: project });
  const { packages } = await readJson<{ packages: object }>(join(project, 'node_modules/.package-lock.json'));
  return {
    ...packed,
    project,
    installedSize: await sizeOf(join(project, 'node_modules')),
    installedPackages: Object.keys(packages).length,
  };
}

/** Installs the package, rxjs and all packages that these depend on, with copies from another project. */
async function installFrom(other: InstalledPackage, packed: Packed, folder: string): Promise<InstalledPackage> {
  const project = await newProject(packed, folder);
  const installed = (name: string) => join(project, 'node_modules', name);
  await mkdir(installed(packed.name), { recursive: true });
  const archive = join(folder, packed.filename);
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', installed(packed.name)]);
  const theirs = (name: string) => join(other.project, 'node_modules', name);
  const names = new Set([packed.name, 'rxjs']);
  for (const name of names) {
    if (name !== packed.name) await cp(theirs(name), installed(name), { recursive: true });
    const { dependencies, optionalDependencies } = await readJson<Manifest>(join(installed(name), 'package.json'));
    for (const dependency of Object.keys(dependencies ?? {})) names.add(dependency);
    // npm installs the optional packages of this platform.
    for (const dependency of Object.keys(optionalDependencies ?? {}))
      if (existsSync(theirs(dependency))) names.add(dependency);
  }
  return {
    ...packed,
    project,
    installedSize: await sizeOf(join(project, 'node_modules')),
    installedPackages: names.size,
  };
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
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
    // `npm pack` would build, too, but only after it has looked for the small packages.
    const { scripts } = await readJson<Manifest>(join(copy, 'package.json'));
    await run('bash', ['-c', scripts?.prepack ?? ''], { cwd: copy, env: GO_COMPILER });
    const small = (await readdir(join(copy, 'dist/packages'))).map((name) => `./dist/packages/${name}`);
    const options = ['--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', ['pack', ...options, '.', ...small], { cwd: copy });
    // An array or, from npm 12 on, an object by name.
    return Object.values(JSON.parse(stdout) as Record<string, Packed>);
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`the packages cannot be packed:\n${stdout}${stderr}`, { cause });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
