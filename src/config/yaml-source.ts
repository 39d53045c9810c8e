import { readFileSync } from 'node:fs';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ConfigError, type Problem, unusable } from './problem.ts';

export type KeyPath = readonly (string | number)[];

/** A YAML (or JSON) file as plain values, with their lines in the file. */
export interface YamlSource {
  readonly value: unknown;
  /** Line of a key or list entry, from 1. If the file does not have it: the line of the section around it. */
  lineOf(path: KeyPath): number;
  /** A number as written; undefined for other values. */
  numberAt(path: KeyPath): string | undefined;
}

/** Reads and parses a file. @throws ConfigError if it cannot be read or is not YAML. */
export function readYaml(file: string, shownAs: string): YamlSource {
  return parseYaml(readText(file, shownAs), shownAs);
}

/** Reads a text file. @throws ConfigError if it cannot be read or is not UTF-8. */
export function readText(file: string, shownAs: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw unusable(shownAs, '', `cannot be read: ${fileProblem(error)}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unusable(shownAs, 'bytes that are not UTF-8', 'allowed: YAML text in UTF-8');
  }
}

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory, a file is needed',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is not a directory',
};

/** A file system error as text for people. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return FILE_PROBLEMS[String(code)] ?? (error instanceof Error ? error.message : String(error));
}

export function parseYaml(text: string, shownAs: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: true });
  const all = [...document.errors, ...document.warnings];
  const syntax = all.find(({ code }) => code !== 'DUPLICATE_KEY');
  // A syntax error is reported alone, because the errors after it are mostly its consequences.
  const faults = syntax === undefined ? all : [syntax];
  if (faults.length > 0)
    throw new ConfigError(
      faults.map((fault) => {
        const { line } = lines.linePos(fault.pos[0]);
        if (fault.code === 'DUPLICATE_KEY')
          return {
            where: shownAs,
            line,
            key: /^[^:\s]{1,80}/.exec(text.slice(fault.pos[0]))?.[0] ?? '',
            found: 'the key a second time',
            allowed: 'allowed: each key once',
          };
        return { ...syntaxProblem(shownAs, fault.code, fault.message), line };
      }),
    );

  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  const lineAt = (node: unknown, fallback: number): number =>
    isNode(node) && node.range ? lines.linePos(node.range[0]).line : fallback;

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    throw new ConfigError([syntaxProblem(shownAs, 'ALIAS', error instanceof Error ? error.message : String(error))]);
  }

  const locate = (path: KeyPath): { readonly line: number; readonly node: unknown } => {
    let node: unknown = document.contents;
    let line = lineAt(node, 1);
    for (const step of path) {
      const container: unknown = resolve(node);
      if (isMap(container)) {
        const pair = container.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
        if (pair === undefined) return { line, node: undefined };
        line = lineAt(pair.key, line);
        node = pair.value;
      } else if (isSeq(container)) {
        node = container.items[Number(step)];
        line = lineAt(node, line);
      } else return { line, node: undefined };
    }
    return { line, node: resolve(node) };
  };

  return {
    value,
    lineOf: (path) => locate(path).line,
    numberAt(path) {
      const { node } = locate(path);
      return isScalar(node) && typeof node.value === 'number' ? node.source : undefined;
    },
  };
}

/** The value at a path in plain values; undefined if there is none. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let value: unknown = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

const SYNTAX: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'spaces for indentation, no tabs',
  MULTIPLE_DOCS: 'one YAML document',
  TAG_RESOLVE_FAILED: 'plain YAML without tags',
};

function syntaxProblem(where: string, code: string, message: string): Problem {
  return { where, key: '', found: message.replaceAll('\n', ' '), allowed: `allowed: ${SYNTAX[code] ?? 'valid YAML'}` };
}
