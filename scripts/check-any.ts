/**
 * Checks how many names in `src/` have a type other than `any`. Prints each `any`. The exit code is 1 if the share of
 * these names is below `typeCoverage.atLeast`. The compiler itself runs as a check of its own, in its faster version 7,
 * which has no API for scripts.
 */
import { relative, sep } from 'node:path';
import { lintSync } from 'type-coverage-core';
import ts from 'typescript';
import packageJson from '../package.json' with { type: 'json' };

const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', undefined, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
    throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
  },
});
if (config === undefined) throw new Error('no tsconfig.json');

const { atLeast, ...rules } = packageJson.typeCoverage;
const source = config.fileNames.filter((name) => relative(process.cwd(), name).startsWith(`src${sep}`));
const { correctCount, totalCount, anys } = lintSync(config.options, source, rules);
for (const { sourceFile, line, character, text } of anys)
  console.log(`${relative(process.cwd(), sourceFile.fileName)}:${line + 1}:${character + 1} is any: ${text}`);
const percent = (100 * correctCount) / totalCount;
console.log(`${percent.toFixed(2)} % of ${totalCount} names have a type (at least ${atLeast} %)`);
process.exitCode = percent < atLeast ? 1 : 0;
