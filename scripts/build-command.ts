/**
 * Bundles the command line into dist/cli: main.js, the files of its threads, and the parts that its commands load when they
 * need them. With fewer files, a start takes less time. Packages are not bundled.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const out = path.join(root, 'dist/cli');
/** The threads' files must be in the same folder as the files that start them. */
const ENTRIES = ['cli/main.ts', 'serving/gateway-worker.ts', 'sinks/parquet/converter-worker.ts'];

export default async function buildCommand(): Promise<void> {
  const { metafile } = await build({
    entryPoints: ENTRIES.map((file) => path.join(root, 'src', file)),
    outdir: out,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const written = new Set(Object.keys(metafile.outputs).map((file) => path.basename(file)));
  const others = (await readdir(out)).filter((name) => !written.has(name));
  await Promise.all(others.map((name) => rm(path.join(out, name), { recursive: true })));
}

if (process.argv[1] === import.meta.filename) await buildCommand();
