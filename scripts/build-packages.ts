/**
 * Makes the small packages in dist/packages from the compiled files of dist: for each package, the files that its
 * entries import, and a package.json with the version and the dependencies of the main one. Publish one with
 * `npm publish dist/packages/NAME`.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');

interface SmallPackage {
  readonly name: string;
  readonly description: string;
  /** The compiled module of each export, without its extension. */
  readonly entries: Readonly<Record<string, string>>;
  /** The import of the main package that has the same content. */
  readonly sameAs: string;
  /** True if the code reads the Avro schemas. */
  readonly readsSchemas: boolean;
}

const PACKAGES: readonly SmallPackage[] = [
  {
    name: 'market-feed-operators',
    description: 'RxJS operators for feeds: retry, failover, stale data, gaps, windows',
    entries: { '.': 'dist/operators/index' },
    sameAs: 'market-feed/operators',
    readsSchemas: false,
  },
  {
    name: 'market-feed-client',
    description: 'The topics of a market-feed as typed Observables, with a trading guard',
    entries: { '.': 'dist/client/index', './decimal': 'dist/decimal/index' },
    sameAs: 'market-feed/client',
    readsSchemas: true,
  },
];

interface Manifest {
  readonly [key: string]: unknown;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const main = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
for (const each of PACKAGES) await make(each);
console.log(`packages: ${PACKAGES.map(({ name }) => `dist/packages/${name}`).join(', ')}`);

async function make(small: SmallPackage): Promise<void> {
  const folder = join(root, 'dist/packages', small.name);
  const { files, packages } = await importsOf(Object.values(small.entries));
  await rm(folder, { recursive: true, force: true });
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(root, file), join(folder, file));
  }
  await cp(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  if (small.readsSchemas) await cp(join(root, 'schemas'), join(folder, 'schemas'), { recursive: true });
  await writeFile(join(folder, 'README.md'), readme(small));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest(small, packages), null, 2)}\n`);
}

/** Follows the imports of the modules, types included, and returns all files and the names of all packages. */
async function importsOf(entries: readonly string[]) {
  const modules = new Set(entries);
  const files: string[] = [];
  const packages = new Set<string>();
  for (const module of modules)
    for (const file of [`${module}.js`, `${module}.d.ts`]) {
      files.push(file);
      for (const { fileName } of ts.preProcessFile(await readFile(join(root, file), 'utf8')).importedFiles)
        if (fileName.startsWith('.')) modules.add(normalize(join(dirname(file), fileName.replace(/\.[jt]s$/, ''))));
        else packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? fileName);
    }
  return { files, packages };
}

/** Optional dependencies of the main package are left out: only its configuration can choose them. */
function manifest({ name, description, entries, readsSchemas }: SmallPackage, packages: ReadonlySet<string>) {
  const used = (all: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(all).filter(([dependency]) => packages.has(dependency)));
  const { version, license, type, engines, publishConfig } = main;
  const exports = Object.fromEntries(
    Object.entries(entries).map(([path, module]) => [path, { types: `./${module}.d.ts`, default: `./${module}.js` }]),
  );
  return {
    ...{ name, version, description, license, type, engines, exports },
    types: exports['.']?.types,
    files: readsSchemas ? ['dist', 'schemas'] : ['dist'],
    sideEffects: false,
    publishConfig,
    dependencies: used(main.dependencies),
    peerDependencies: used(main.peerDependencies),
  };
}

function readme({ name, description, entries, sameAs }: SmallPackage): string {
  const others = Object.keys(entries).filter((path) => path !== '.');
  const more = others.map((path) => `\`${name}${path.slice(1)}\` is \`market-feed${path.slice(1)}\`.\n`).join('');
  return `# ${name}

${description}.

\`\`\`sh
npm install ${name} rxjs
\`\`\`

The package has the same content as \`${sameAs}\` in the package \`market-feed\`, with fewer dependencies.
${more}`;
}
