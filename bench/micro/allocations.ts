/**
 * Measures bytes allocated per event, in a process of its own. The young generation is so large that no collection
 * runs, so growth of the heap equals allocation. Started by main.ts with YOUNG_GENERATION.
 */

import { answer } from '../child.ts';
import { median } from '../measure.ts';
import { CASES, type Case } from './cases.ts';

const ROUNDS = 5;
const WARM_UP_ROUNDS = 5;
let kept: unknown;

answer({
  /** Bytes per event of each case, in the order of CASES: on the heap, and in buffers outside it. */
  bytes: () => CASES.map(bytesOf),
});

function bytesOf({ begin, events }: Case): { readonly heap: number; readonly buffers: number } {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) run(begin(), events);
  const heap: number[] = [];
  const buffers: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const work = begin();
    globalThis.gc?.();
    const before = process.memoryUsage();
    run(work, events);
    const after = process.memoryUsage();
    heap.push((after.heapUsed - before.heapUsed) / events);
    buffers.push((after.arrayBuffers - before.arrayBuffers) / events);
  }
  return { heap: median(heap), buffers: median(buffers) };
}

function run(work: (index: number) => unknown, events: number): void {
  for (let index = 0; index < events; index++) kept = work(index);
  if (kept === run) throw new Error('never');
}
