import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fillOnce } from '../tools/java.ts';
import { tools } from '../tools/tools.ts';

/* Installs other versions of Node.js, to test the package with them. */

const run = promisify(execFile);

/** The oldest version that the package supports (`engines` of package.json). */
export const OLDEST_NODE = '22.18.0';

/**
 * Returns the path of the binary of a Node.js version (`26`, `22.18.0`), from the npm package `node`, which is
 * downloaded once (about 60 MB). If the running Node has that major version, returns its path.
 * @throws Error that names the version if it cannot be installed.
 */
export async function nodeOfVersion(version: string): Promise<string> {
  if (process.versions.node.split('.')[0] === version) return process.execPath;
  const home = join(tools, 'nodes', version);
  const binary = join(home, 'node');
  try {
    await fillOnce(home, async (fresh) => {
      const project = join(fresh, 'project');
      await mkdir(project);
      // Newer npm runs the install script of the package only with this permission.
      await writeFile(join(project, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }');
      const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
      await run('npm', ['install', ...quiet, `node@${version}`], { cwd: project });
      await copyFile(join(project, 'node_modules/node/bin/node'), join(fresh, 'node'));
      await chmod(join(fresh, 'node'), 0o755);
      await rm(project, { recursive: true });
    });
    await run(binary, ['--version']);
  } catch (cause) {
    throw new Error(`Node ${version} cannot be had on this machine from the npm package node@${version}`, { cause });
  }
  return binary;
}
