/* Finds the long tasks of a page's main thread in a trace of Chromium, and what ran in them. */

export const TRACE_CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline'];

/** Number of parts named for each task. */
const PARTS = 3;

export interface LongTask {
  readonly wallMs: number;
  /** CPU time of the thread within the task, milliseconds. Without other processes, it is about the wall time. */
  readonly cpuMs: number;
  /** The parts with the most CPU time, with their milliseconds; empty if other processes made the task long. */
  readonly parts: readonly string[];
}

/** An event of a trace. Times are microseconds; `tdur` is CPU time. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string; readonly data?: { readonly functionName?: string } };
}

/** The tasks of at least `leastMs`, by wall time, in the JSON of a trace. */
export function longTasksOf(trace: string, leastMs: number): readonly LongTask[] {
  const { traceEvents } = JSON.parse(trace) as { readonly traceEvents: readonly TraceEvent[] };
  const keyOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const threads = new Set(
    traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(keyOf),
  );
  const partsOf = (task: TraceEvent) =>
    traceEvents
      .filter((event) => event !== task && event.ph === 'X' && event.ts >= task.ts && endOf(event) <= endOf(task))
      .filter((event) => keyOf(event) === keyOf(task))
      .toSorted((a, b) => cpuMs(b) - cpuMs(a))
      .slice(0, PARTS)
      .map(partText);
  return traceEvents
    .filter((event) => event.name === 'RunTask' && (event.dur ?? 0) >= leastMs * 1000 && threads.has(keyOf(event)))
    .map((task) => ({
      wallMs: (task.dur ?? 0) / 1000,
      cpuMs: cpuMs(task),
      parts: cpuMs(task) < leastMs ? [] : partsOf(task),
    }));
}

function endOf({ ts, dur = 0 }: TraceEvent): number {
  return ts + dur;
}

function cpuMs({ tdur = 0 }: TraceEvent): number {
  return tdur / 1000;
}

function partText(event: TraceEvent): string {
  const name = event.args?.data?.functionName ?? '';
  return `${event.name}${name === '' ? '' : ` ${name}`} ${cpuMs(event).toFixed(0)} ms`;
}
