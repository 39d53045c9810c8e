import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, tools } from '../tools/tools.ts';

/* Builds and packs the package, and installs it as a user would, for tests. */

const run = promisify(execFile);
/**
 * Entries of the repository that the build and the package do not need. They may change during the copy, so they are
 * left out.
 */
const LEFT_OUT = new Set([
  ...['.git', '.tools', 'data', 'dist', 'node_modules', 'test-results'],
  ...['bench', 'deploy', 'docs', 'examples', 'test', 'testing'],
]);

/** The output of `npm pack`. */
interface Packed {
  readonly filename: string;
  /** Size of the archive, bytes. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** The package as npm would publish it, installed with its dependencies in a user's project. */
export interface InstalledPackage extends Packed {
  readonly project: string;
  /** Size of everything that npm installed, bytes. */
  readonly installedSize: number;
  /** Number of packages that npm installed, including this one. */
  readonly installedPackages: number;
  close(): Promise<void>;
}

/** Builds, packs and installs the package, from the cache of npm if possible. */
export async function installPackage(): Promise<InstalledPackage> {
  const project = await mkdtemp(join(tmpdir(), 'market-feed-package-'));
  const stdout = await pack(project);
  // The output of prepack comes first, then an array or, from npm 12 on, an object by name.
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>);
  if (packed === undefined) throw new Error(`npm pack packed nothing: ${stdout}`);
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, join(project, packed.filename), 'rxjs'], { cwd: project });
  const { stdout: tree } = await run('npm', ['ls', '--all', '--parseable'], { cwd: project });
  return {
    ...packed,
    project,
    installedSize: await sizeOf(join(project, 'node_modules')),
    installedPackages: tree.trim().split('\n').length - 1,
    close: () => rm(project, { recursive: true, force: true }),
  };
}

/**
 * Packs the package into the folder and returns the output of `npm pack`. It builds in a copy, because other tests use
 * dist/.
 */
async function pack(folder: string): Promise<string> {
  // The copy is inside the repository, so that Node finds its packages, and in .tools, which no check reads.
  await mkdir(tools, { recursive: true });
  const copy = await mkdtemp(join(tools, 'package-'));
  try {
    for (const name of await readdir(root))
      if (!LEFT_OUT.has(name)) await cp(join(root, name), join(copy, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: copy });
    return stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`the package cannot be packed:\n${stdout}${stderr}`, { cause });
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
