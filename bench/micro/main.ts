/**
 * Measures each part alone: `node bench/micro/main.ts`. It prints nanoseconds of CPU per event, with garbage
 * collection, and bytes allocated per event. Times are medians of rounds, with the cases in turn. Then it prints bare
 * steps, without our code. Flags: --no-broker (without the steps that need a broker).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { reportPart, type TargetResult } from '../part.ts';
import { CASES, type Case } from './cases.ts';
import { type Floor, measureProducing, measureReceiving } from './floors.ts';

const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;
/** Decoders must be at least this many times as fast as JSON.parse of the same bytes. */
const DECODE_TARGET = 2;
/** Options for Node with which no garbage collection runs before 256 MB are allocated. */
const YOUNG_GENERATION = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

const { values: flags } = parseArgs({ options: { broker: { type: 'boolean', default: true } }, allowNegative: true });

let kept: unknown;
const measured = new Map<Case, number[]>(CASES.map((each) => [each, []]));
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++)
  for (const [each, rounds] of measured) {
    const work = each.begin();
    const before = process.cpuUsage();
    for (let index = 0; index < each.events; index++) kept = work(index);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) rounds.push(((user + system) * 1000) / each.events);
  }
if (kept === measured) throw new Error('never');

const child = startChild(join(import.meta.dirname, 'allocations.ts'), [], YOUNG_GENERATION);
const bytes = await child.ask<readonly { readonly heap: number; readonly buffers: number }[]>('bytes');
await child.end();
const floors: readonly Floor[] = [...(await measureReceiving()), ...(flags.broker ? await measureProducing() : [])];

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const lines = ['| one event | CPU, ns | heap, bytes | buffers, bytes |', '| --- | --: | --: | --: |'];
for (const [index, each] of CASES.entries()) {
  const { heap, buffers } = bytes[index] ?? { heap: Number.NaN, buffers: Number.NaN };
  const ns = median(measured.get(each) ?? []);
  lines.push(`| ${each.group}: ${each.title} | ${whole(ns)} | ${whole(heap)} | ${whole(buffers)} |`);
}
for (const { title, ns } of floors) lines.push(`| bare step: ${title} | ${whole(ns)} | | |`);

await reportPart({
  title: 'Each part alone',
  text: `CPU and allocated memory of one event, if a part of the code runs alone: \`node bench/micro/main.ts\`.\nCPU is the median of ${ROUNDS} rounds, with garbage collection. A *bare step* is a library without our code.\n\n${lines.join('\n')}`,
  targets: ['binance', 'bybit'].map((venue): TargetResult => {
    const ns = (title: string): number =>
      median(measured.get(CASES.find((each) => each.title === `${title}${venue}`) as Case) ?? []);
    const times = ns('JSON.parse of the same bytes, ') / ns('decode a trade of ');
    return {
      measured: `CPU of JSON.parse, divided by the CPU to decode the same trade of ${venue}`,
      found: times.toFixed(2),
      target: `≥ ${DECODE_TARGET}`,
      met: times >= DECODE_TARGET,
    };
  }),
});
