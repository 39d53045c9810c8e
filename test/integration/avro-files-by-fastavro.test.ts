import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileCodec } from '../../src/avro-file/container.ts';
import { toJson } from '../../src/codec/json-view.ts';
import { TOPICS } from '../../src/codec/topics.ts';
import type { FeedRecord, RecordKind } from '../../src/domain/record.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sampleRecords } from '../../testing/records/sample-records.ts';
import { python, runPython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';
import { arbitraryRecord } from '../codec/arbitrary-records.ts';
import { namesIn, openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { lateRecords, outRecords } from '../sinks/out-records.ts';

const BATCHES = 5;
const PER_BATCH = 40;

function asPythonSeesIt(record: FeedRecord): unknown {
  const { payload_text: _, ...fields } = toJson(record);
  return fields;
}

/** Returns the samples of a kind, and random records that fill the batches. They are the same in every run. */
function records(kind: RecordKind): FeedRecord[] {
  const sample = sampleRecords.filter((record) => record.kind === kind);
  const others = fc.sample(arbitraryRecord(kind), { numRuns: BATCHES * PER_BATCH - sample.length, seed: 7 });
  // The sink keeps only the last position of a venue and symbol.
  return [...sample, ...others].map((record, index) =>
    record.kind === 'position' ? { ...record, venue: `venue ${index}` } : record,
  );
}

describe('files of the Avro file sink, read with fastavro', () => {
  it.each<FileCodec>(['null', 'deflate'])(
    'contain every value of every record in order, over several files, with codec %s',
    async (codec) => {
      const dir = await testFolder();
      const sink = new AvroFileSink({ dir, rotateMb: 0.004, codec, now: () => 0 });
      await sink.open();
      for (const { kind, name } of TOPICS) {
        const all = records(kind);
        for (let at = 0; at < all.length; at += PER_BATCH) {
          const outcomes = await sink.write(
            all.slice(at, at + PER_BATCH).map((record) => ({ topic: name, key: '', record })),
          );
          expect(outcomes.every((outcome) => outcome.kind === 'delivered')).toBe(true);
        }
      }
      await sink.close();

      for (const { kind, name, record: schema } of TOPICS) {
        const { stdout, stderr, code } = await runPython('read_files.py', [join(dir, name)]);
        expect(stderr).toBe('');
        expect(code).toBe(0);
        const lines = stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { file: string; schema: string; record: unknown });
        expect(lines.map(({ record }) => record)).toEqual(records(kind).map(asPythonSeesIt));
        expect(new Set(lines.map((line) => line.schema))).toEqual(new Set([`market.feed.v1.${schema}`]));
        expect(new Set(lines.map(({ file }) => file))).toEqual(new Set(await namesIn(dir, name)));
      }
      expect((await namesIn(dir, 'trades')).length).toBeGreaterThan(1);
      await rm(dir, { recursive: true });
    },
  );
});

it('the statement of docs/event-semantics.md reads trades and late trades in the order of their ids', async () => {
  const folder = await testFolder();
  const sink = await openSink(join(folder, 'data'));
  const trade = (id: number, epoch = 1) => tradeEvent(id, { epoch });
  await sink.write([...outRecords(trade(8), trade(9), trade(101), trade(3, 2)), ...lateRecords(trade(10), trade(100))]);
  await sink.close();
  const document = await readFile(join(root, 'docs/event-semantics.md'), 'utf8');
  const code = /^### Read trades and late trades$[\s\S]*?^```python\n([\s\S]*?)^```/m.exec(document)?.[1];
  const print = 'print(*(trade["trade_id"] for trade in trades))';
  const { stdout } = await promisify(execFile)(python, ['-c', `${code}${print}`], { cwd: folder });
  expect(stdout).toBe('8 9 10 100 101 3\n');
});
