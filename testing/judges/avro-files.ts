import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runPython } from '../tools/python.ts';

/** Names of the files in a file sink's folder that are open, or were left so, as TOPIC/FILE. */
export function openFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.part'))
    .sort();
}

/** How many records fastavro reads in each topic of a file sink's folder; fails where it cannot read a file. */
export async function recordsByPython(dir: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const topic of readdirSync(dir)) {
    const { stdout, stderr, code } = await runPython('read_files.py', [join(dir, topic)]);
    expect({ topic, stderr, code }).toEqual({ topic, stderr: '', code: 0 });
    counts[topic] = stdout.trimEnd().split('\n').length;
  }
  return counts;
}
