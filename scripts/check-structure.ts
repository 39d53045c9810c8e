/**
 * The size rules of src/, as part of lint: prints the aim, the limit and the count of each rule, and fails when a count
 * exceeds its limit. A limit above the aim only ever goes down. `--all` lists what each rule counts.
 */
import { join } from 'node:path';
import { type Structure, type StructureRules, structureOf } from './structure.ts';

interface Limit {
  readonly rule: string;
  readonly aim: number;
  readonly limit: number;
}

const RULES: StructureRules = {
  filesInFolder: 15,
  linesInFile: 350,
  linesInClass: 250,
  counterparts: [
    /^cli\//,
    /^venues\/(binance|bybit)\//,
    /^simulator\/(binance|bybit)\//,
    /^sinks\/(avro-file|kafka)\//,
  ],
};

const LIMITS: Readonly<Record<keyof Structure, Limit>> = {
  folders: { rule: `folders with more than ${RULES.filesInFolder} files`, aim: 0, limit: 0 },
  files: { rule: `files with more than ${RULES.linesInFile} lines`, aim: 0, limit: 0 },
  classes: { rule: `classes with more than ${RULES.linesInClass} lines`, aim: 0, limit: 0 },
  operators: { rule: 'public operators that src/ does not use', aim: 0, limit: 0 },
  names: { rule: 'names that two files export', aim: 0, limit: 0 },
  casts: { rule: 'casts', aim: 120, limit: 64 },
};

const structure = structureOf(join(import.meta.dirname, '../src'), RULES);
const listsAll = process.argv.includes('--all');
let failed = false;
console.log(`${'rule'.padEnd(42)}  aim  limit  count`);
for (const [name, { rule, aim, limit }] of Object.entries(LIMITS)) {
  const found = structure[name as keyof Structure]; // Object.entries types every name as string
  const exceeds = found.length > limit;
  failed ||= exceeds;
  const numbers = `${String(aim).padStart(3)}  ${String(limit).padStart(5)}  ${String(found.length).padStart(5)}`;
  console.log(`${rule.padEnd(42)}  ${numbers}${exceeds ? '  exceeds its limit' : ''}`);
  if (exceeds || listsAll) for (const one of found) console.log(`  ${one}`);
}
process.exitCode = failed ? 1 : 0;
