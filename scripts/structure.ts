import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

/** What each rule found: one text for each offender, for people. */
export interface Structure {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly classes: readonly string[];
  readonly operators: readonly string[];
  readonly names: readonly string[];
  readonly casts: readonly string[];
}

export interface StructureRules {
  readonly filesInFolder: number;
  readonly linesInFile: number;
  readonly linesInClass: number;
  /**
   * Files that match the same pattern are counterparts: they implement the same thing for different venues or sinks,
   * with the same names.
   */
  readonly counterparts: readonly RegExp[];
}

interface Source {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly isGenerated: boolean;
  readonly tree: ts.SourceFile;
}

const OPERATORS = 'operators/';
const GENERATED = /^\/\/ Made from /;

/** Reads every TypeScript file below `root` and measures it. */
export function structureOf(root: string, rules: StructureRules): Structure {
  const sources = readSources(root);
  return {
    folders: fullFolders(sources, rules.filesInFolder),
    files: sources
      .filter(({ lines, isGenerated }) => lines > rules.linesInFile && !isGenerated)
      .map(({ path, lines }) => `${path}: ${lines} lines`),
    classes: sources.flatMap((source) => longClasses(source, rules.linesInClass)),
    operators: unusedOperators(sources),
    names: doubleNames(sources, rules.counterparts),
    casts: sources.flatMap(castsOf),
  };
}

function readSources(root: string): readonly Source[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => {
      const text = readFileSync(file, 'utf8');
      return {
        path: relative(root, file).replaceAll(sep, '/'),
        lines: text.split('\n').length - 1,
        isGenerated: GENERATED.test(text),
        tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true),
      };
    });
}

function fullFolders(sources: readonly Source[], most: number): readonly string[] {
  const folders = Map.groupBy(sources, ({ path }) => dirname(path));
  return [...folders]
    .filter(([, files]) => files.length > most)
    .map(([folder, files]) => `${folder}: ${files.length} files`);
}

function linesOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line;
  return lineAt(node.getEnd()) - lineAt(node.getStart(tree)) + 1;
}

function longClasses({ path, tree }: Source, most: number): readonly string[] {
  return nodesOf(tree)
    .filter((node) => ts.isClassLike(node))
    .filter((node) => linesOf(node) > most)
    .map((node) => `${path}: class ${node.name?.text ?? '(without a name)'} has ${linesOf(node)} lines`);
}

/**
 * Functions of `operators/index.ts` that no other folder imports. Re-exporting a function does not use it. `create…`
 * functions do not count: they make a state machine that an operator uses.
 */
function unusedOperators(sources: readonly Source[]): readonly string[] {
  const index = sources.find(({ path }) => path === `${OPERATORS}index.ts`);
  if (index === undefined) return [];
  const published = nodesOf(index.tree)
    .filter((node) => ts.isExportSpecifier(node))
    .filter(
      (node) => !node.isTypeOnly && !node.parent.parent.isTypeOnly && /^(?!create[A-Z])[a-z]/.test(node.name.text),
    )
    .map((node) => node.name.text);
  const used = new Set(
    sources
      .filter(({ path }) => !path.startsWith(OPERATORS))
      .flatMap(({ tree }) => nodesOf(tree))
      .filter((node) => ts.isImportSpecifier(node))
      .filter((node) => importedFrom(node).includes(`/${OPERATORS}`))
      .map((node) => (node.propertyName ?? node.name).text),
  );
  return published.filter((name) => !used.has(name));
}

function importedFrom(node: ts.ImportSpecifier): string {
  const from = node.parent.parent.parent.moduleSpecifier;
  return ts.isStringLiteral(from) ? from.text : '';
}

/** Names that more than one file declares and exports, except in counterparts. */
function doubleNames(sources: readonly Source[], counterparts: readonly RegExp[]): readonly string[] {
  const areCounterparts = (paths: readonly string[]) =>
    counterparts.some((pattern) => paths.every((path) => pattern.test(path)));
  const places = new Map<string, string[]>();
  for (const { path, tree } of sources)
    for (const name of exportedNames(tree)) places.set(name, [...(places.get(name) ?? []), path]);
  return [...places]
    .filter(([, paths]) => paths.length > 1 && !areCounterparts(paths))
    .map(([name, paths]) => `${name}: ${paths.join(', ')}`);
}

function exportedNames(tree: ts.SourceFile): ReadonlySet<string> {
  const names = tree.statements.filter(isExported).flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText(tree));
    // Every other exported statement has a name, or is a default export.
    const { name } = statement as { name?: ts.Identifier };
    return name === undefined ? [] : [name.text];
  });
  return new Set(names);
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function castsOf({ path, tree }: Source): readonly string[] {
  return nodesOf(tree)
    .filter((node) => ts.isAsExpression(node) || ts.isTypeAssertionExpression(node))
    .filter((node) => !ts.isConstTypeReference(node.type))
    .map((node) => {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      return `${path}:${line + 1}: ${node.getText(tree).split('\n')[0]}`;
    });
}

function nodesOf(tree: ts.SourceFile): readonly ts.Node[] {
  const all: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    all.push(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return all;
}
