/**
 * Checks how many names in `src/` have a type other than `any`. Prints each name whose type is `any`, or has `any` as a
 * type argument. The exit code is 1 if the share of the other names is below `AT_LEAST`.
 */
import { join, relative } from 'node:path';
import type { Identifier, Node } from 'typescript-7/unstable/ast';
import { isIdentifier } from 'typescript-7/unstable/ast/is';
import { API, type Type, TypeFlags } from 'typescript-7/unstable/sync';

/** Share of names with a type other than `any`, percent. It only ever goes up. */
const AT_LEAST = 99.8;

const root = join(import.meta.dirname, '..');
const api = new API({ cwd: root });
const [project] = api.updateSnapshot({ openProject: join(root, 'tsconfig.build.json') }).getProjects();
if (project === undefined) throw new Error('tsconfig.build.json is no project');
const { program, checker } = project;

/** Whether each type that was asked for has `any`, by its id. */
const known = new Map<number, boolean>();
let [names, anys] = [0, 0];
for (const path of program.getSourceFileNames()) {
  const place = relative(root, path);
  const file = place.startsWith('src') ? program.getSourceFile(path) : undefined;
  if (file === undefined) continue;
  const found = namesIn(file);
  for (const [index, type] of checker.getTypeAtLocation(found).entries()) {
    // The compiler gives an error type for a name inside a type.
    if (type === undefined || type.isErrorType()) continue;
    names++;
    if (!hasAny(type)) continue;
    anys++;
    const name = found[index];
    const line = file.text.slice(0, name?.end).split('\n').length;
    console.log(`${place}:${line} is any: ${name?.text}`);
  }
}
api.close();
const percent = 100 * (1 - anys / names);
console.log(`${percent.toFixed(2)} % of ${names} names have a type (at least ${AT_LEAST} %)`);
// No name found gives NaN, which is no success.
process.exitCode = percent >= AT_LEAST ? 0 : 1;

function namesIn(node: Node): Identifier[] {
  const names: Identifier[] = [];
  const visit = (each: Node): void => {
    if (isIdentifier(each)) names.push(each);
    each.forEachChild(visit);
  };
  visit(node);
  return names;
}

function hasAny(type: Type): boolean {
  const before = known.get(type.id);
  if (before !== undefined) return before;
  known.set(type.id, false); // for a type whose arguments contain the type itself
  const found = type.flags === TypeFlags.Any || (type.isTypeReference() && checker.getTypeArguments(type).some(hasAny));
  known.set(type.id, found);
  return found;
}
