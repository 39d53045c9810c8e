import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runPython } from '../tools/python.ts';

/** The unfinished files in a file sink's folder, as TOPIC/FILE. They are open, or a killed process left them. */
export function openFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.part'))
    .sort();
}

/** The topics of a file sink's folder: its folders, without the hidden files of the lock. */
export function topicsIn(dir: string): string[] {
  return readdirSync(dir).filter((name) => !name.startsWith('.'));
}

/** Number of records that fastavro reads in each topic of a file sink's folder. Fails if it cannot read a file. */
export async function recordsByPython(dir: string): Promise<Record<string, number>> {
  const topics = topicsIn(dir);
  const { stdout, stderr, code } = await runPython(
    'read_files.py',
    topics.map((topic) => join(dir, topic)),
  );
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const counts = Object.fromEntries(topics.map((topic) => [topic, 0]));
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const { topic } = JSON.parse(line) as { readonly topic: string };
    counts[topic] = (counts[topic] ?? 0) + 1;
  }
  return counts;
}
