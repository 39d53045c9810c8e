import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, tools } from '../tools/tools.ts';

const run = promisify(execFile);
/** Of the repository, for a copy that is built: what neither the build nor the package needs, and may change meanwhile. */
const LEFT_OUT = new Set([
  ...['.git', '.tools', 'data', 'dist', 'node_modules', 'test-results'],
  ...['bench', 'deploy', 'docs', 'examples', 'test', 'testing'],
]);

/** What `npm pack` says of the package. */
interface Packed {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** The package as npm would publish it, installed with its dependencies in a project of a user's own. */
export interface InstalledPackage extends Packed {
  readonly project: string;
  /** Of all that npm installed, bytes. */
  readonly installedSize: number;
  /** Of all packages that npm installed, this one too. */
  readonly installedPackages: number;
  close(): Promise<void>;
}

/** Builds, packs and installs it, from npm's cache as far as that goes. */
export async function installPackage(): Promise<InstalledPackage> {
  const project = await mkdtemp(join(tmpdir(), 'market-feed-package-'));
  const stdout = await pack(project);
  // prepack's own lines come first; an array or, from npm 12 on, an object by name
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

/** What `npm pack` says; the package lies in the folder then. It is built in a copy: others use what is in dist/. */
async function pack(folder: string): Promise<string> {
  // below the repository's top, for its packages to be found; in .tools, which no check looks into
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
