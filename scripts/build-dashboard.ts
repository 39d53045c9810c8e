/**
 * Bundles the dashboard into dist/dashboard: index.html and files with a hash in their names. Does nothing if no input
 * has changed; `--force` builds anyway. Reports on stderr what it did.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'dashboard');
const out = path.join(root, 'dist/dashboard');
const stampFile = path.join(out, '.stamp');

const stamp = await hashOfInputs();
const built = await readFile(stampFile, 'utf8').catch(() => undefined);
if (built !== stamp || process.argv.includes('--force')) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const bytes = await bundle();
  await writeFile(stampFile, stamp);
  console.error(`dashboard: ${(bytes / 1000).toFixed(1)} kB with gzip in dist/dashboard`);
}

/** A hash of all inputs: the sources, the files of other folders that they import, the versions of the packages. */
async function hashOfInputs(): Promise<string> {
  const hash = createHash('sha256');
  const folders = [source, path.join(root, 'src/domain')];
  for (const folder of folders) {
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const names = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
    for (const name of names.sort()) hash.update(name.slice(root.length)).update(await readFile(name));
  }
  hash.update(await readFile(path.join(root, 'package-lock.json'))).update(await readFile(import.meta.filename));
  return hash.digest('hex');
}

/** Writes the bundle. Returns its size as the gateway sends it, bytes. */
async function bundle(): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [path.join(source, 'main.tsx'), path.join(source, 'main.css')],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outdir: out,
    bundle: true,
    splitting: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['production'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
    tsconfig: path.join(source, 'tsconfig.json'),
  });
  let page = await readFile(path.join(source, 'index.html'), 'utf8');
  const files = [{ name: 'icon.svg', contents: await readFile(path.join(source, 'icon.svg')) }];
  for (const { path: file, contents } of outputFiles) {
    const name = path.basename(file);
    files.push({ name, contents: Buffer.from(contents) });
    // The page names the entry points; they load the other files.
    const entry = /^(main)-\w+(\.\w+)$/.exec(name)?.slice(1).join('');
    if (entry !== undefined) page = page.replace(entry, name);
  }
  files.push({ name: 'index.html', contents: Buffer.from(page) });
  await Promise.all(files.map(({ name, contents }) => writeFile(path.join(out, name), contents)));
  return files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
}
