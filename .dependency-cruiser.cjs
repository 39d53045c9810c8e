/** Checks the import rules of ARCHITECTURE.md. Type-only imports count, and each breach is an error. */

/**
 * The layers of src, the lowest first. `domain` and `operators` are one layer of ARCHITECTURE.md. A folder may import
 * itself and folders of lower layers, but no other folder of its own layer.
 */
const layers = [
  ['domain'],
  ['operators'],
  ['net', 'market', 'codec', 'capture', 'telemetry', 'tradability', 'decimal'],
  ['venues', 'kafka', 'config', 'simulator', 'avro-file', 'parquet'],
  ['gateway'],
  ['sinks', 'client'],
  ['feed', 'healing'],
  ['runtime'],
  ['cluster', 'replay', 'backfill', 'audit', 'serving'],
  ['cli'],
];

const folder = (...names) => `^src/(${names.join('|')})/`;

const layerRules = layers.flatMap((folders, layer) =>
  folders.map((name) => ({
    name: `only-lower-layers-from-${name}`,
    severity: 'error',
    from: { path: folder(name) },
    to: { path: '^src/', pathNot: folder(name, ...layers.slice(0, layer).flat()) },
  })),
);

/**
 * Folders that may import only files that match these patterns. Types count too, because the operators are a product of
 * their own.
 */
const closedFolders = [
  ['domain', '^src/'],
  ['market', '^src/', '^crypto$'],
  ['tradability', '^src/'],
  ['decimal', '^src/'],
  ['operators', '^src/operators/', '^src/domain/options/', '^node_modules/rxjs/'],
].map(([name, ...allowed]) => ({
  name: `${name}-stands-alone`,
  severity: 'error',
  from: { path: folder(name) },
  to: { pathNot: allowed },
}));

/** A package is imported only in the folders that need it. */
const packageRules = [
  ['ws', ['^src/net/', '^src/simulator/', '^src/gateway/']],
  ['(fastify|@fastify/[^/]+|typebox)', ['^src/gateway/']],
  ['(preact|@preact/signals|lightweight-charts)', ['^dashboard/']],
  ['kafkajs', ['^src/kafka/']],
  ['@platformatic/kafka', ['^src/kafka/']],
  ['avsc', ['^src/codec/']],
  ['pino', ['^src/telemetry/']],
  ['zod', ['^src/config/', '^src/cli/', '^src/replay/', '^src/backfill/', '^src/simulator/', '^src/cluster/']],
  ['yaml', ['^src/config/', '^src/cli/', '^src/gateway/pages/']],
].map(([name, users]) => ({
  name: `${name}-in-its-folder`,
  severity: 'error',
  from: { path: '^src/', pathNot: users },
  to: { path: `^node_modules/(@types/)?${name}/` },
}));

/** Folders of the same kind must not import each other. They may import their contract and shared files. */
const siblingRules = [
  ['venues', 'binance', 'bybit'],
  ['sinks', 'kafka', 'avro-file'],
  // The Parquet sink has an Avro file sink as its journal.
  ['sinks', 'kafka', 'parquet'],
].flatMap(([kind, ...siblings]) =>
  siblings.map((name) => ({
    name: `${kind}-${name}-stands-alone`,
    severity: 'error',
    from: { path: `^src/${kind}/${name}/` },
    to: { path: siblings.filter((other) => other !== name).map((other) => `^src/${kind}/${other}/`) },
  })),
);

module.exports = {
  forbidden: [
    ...layerRules,
    ...closedFolders,
    ...packageRules,
    ...siblingRules,
    {
      name: 'simulator-is-independent',
      comment: 'The simulator plays the venues. If it shared their code, both would make the same mistakes.',
      severity: 'error',
      from: { path: folder('simulator') },
      to: { path: folder('venues', 'sinks', 'gateway', 'client') },
    },
    {
      name: 'the-dashboard-runs-in-browsers',
      comment: "It may import the types of the gateway's messages and answers, and the folders domain and market.",
      severity: 'error',
      from: { path: '^dashboard/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(gateway/api/(asset-answers|feed-answers|fields|record-schema|stream-messages)\\.ts$|domain/|market/)',
      },
    },
    {
      name: 'the-dashboard-is-bundled',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^dashboard/' },
    },
    {
      name: 'nothing-inside-imports-the-public-face',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: ['^src/index\\.ts$', '^src/.+/index\\.ts$'] },
    },
    {
      name: 'every-file-has-a-layer',
      comment: 'A new top-level folder of src needs its layer in this file.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/index\\.ts$', folder(...layers.flat())] },
      to: {},
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'source-without-tests-and-tools',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|testing|bench|scripts|examples|dist)/' },
    },
    {
      name: 'source-without-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
