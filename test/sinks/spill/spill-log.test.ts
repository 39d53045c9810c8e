import { describe, expect, it } from 'vitest';
import { SpillLog } from '../../../src/sinks/spill/spill-log.ts';
import { short, trade } from '../fake-sink.ts';
import { MemoryFiles } from './memory-files.ts';

const entry = (id: number) => ({ seq: id, barrier: false, out: trade(id) });

describe('a log of spilled records', () => {
  it('holds nothing of an append that failed, also behind a shorter one that did not', async () => {
    const files = new MemoryFiles();
    const options = { maxBytes: 10_000_000, now: () => 0 };
    const log = new SpillLog(files, options);
    await log.append([entry(1), entry(2)], []);
    files.full = true;
    const many = Array.from({ length: 200 }, (_, index) => entry(3 + index));
    await expect(log.append(many, [])).rejects.toThrow('ENOSPC');
    files.full = false;
    await log.append([entry(300)], []);
    const next = new SpillLog(new MemoryFiles(files.files), options);
    await next.recover({});
    const read = await next.read(1000, () => true);
    expect(read.map(({ out }) => short(out))).toEqual(['t1', 't2', 't300']);
    expect(await next.read(1000, () => true)).toEqual([]);
  });
});
