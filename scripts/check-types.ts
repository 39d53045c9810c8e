/**
 * Checks the types of all but the dashboard, and how many names have a type other than `any`, in one run of the
 * compiler. Prints each error and each `any`. The exit code is 1 if there is an error, or if the share of these names
 * is below `typeCoverage.atLeast`.
 */
import { relative } from 'node:path';
import { lintSync } from 'type-coverage-core';
import ts from 'typescript';
import packageJson from '../package.json' with { type: 'json' };

const format: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => '\n',
};

function fail(errors: readonly ts.Diagnostic[]): never {
  process.stdout.write(ts.formatDiagnostics(errors, format));
  process.exit(1);
}

const project = 'tsconfig.json';
const config = ts.getParsedCommandLineOfConfigFile(project, undefined, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (error) => fail([error]),
});
if (config === undefined) throw new Error(`no ${project}`);

const { atLeast, ...rules } = packageJson.typeCoverage;
const { correctCount, totalCount, anys, program } = lintSync(config.options, config.fileNames, rules);
const errors = [...config.errors, ...ts.getPreEmitDiagnostics(program)];
if (errors.length > 0) fail(errors);

for (const { sourceFile, line, character, text } of anys)
  console.log(`${relative(process.cwd(), sourceFile.fileName)}:${line + 1}:${character + 1} is any: ${text}`);
const percent = (100 * correctCount) / totalCount;
console.log(`${percent.toFixed(2)} % of ${totalCount} names have a type (at least ${atLeast} %)`);
process.exitCode = percent < atLeast ? 1 : 0;
