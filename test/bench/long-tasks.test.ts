import { expect, it } from 'vitest';
import { longTasksOf } from '../../bench/dashboard/long-tasks.ts';

const event = (name: string, ts: number, dur: number, tdur: number, tid = 1) => ({
  ...{ name, ts, dur, tdur, tid },
  ph: 'X',
  pid: 1,
});

it('finds the long tasks of the main thread, and what used their CPU time', () => {
  const thread = { name: 'thread_name', ph: 'M', pid: 1, tid: 1, ts: 0, args: { name: 'CrRendererMain' } };
  const traceEvents = [
    thread,
    event('RunTask', 0, 80_000, 60_000),
    event('FunctionCall', 1000, 40_000, 30_000),
    event('Layout', 50_000, 9000, 8000),
    event('Paint', 90_000, 9000, 8000),
    // Other processes made this task long.
    event('RunTask', 100_000, 70_000, 2000),
    event('RunTask', 200_000, 40_000, 40_000),
    event('RunTask', 0, 300_000, 300_000, 2),
  ];
  expect(longTasksOf(JSON.stringify({ traceEvents }), 50)).toEqual([
    { wallMs: 80, cpuMs: 60, parts: ['FunctionCall 30 ms', 'Layout 8 ms'] },
    { wallMs: 70, cpuMs: 2, parts: [] },
  ]);
});
