/** Fields whose texts are a fixed set of words: event types, sides, kinds of messages, intervals. */
const WORDS = /^(.*\.)?(e|S|i|op|side|type|interval|event)$/;

/** What frames of one wire type contain: entries such as `data.p: digits` or `data[].S: Buy`. */
export type WireShapes = ReadonlyMap<string, ReadonlySet<string>>;

/** Collects by wire type each field of the frames, with the forms and fixed words of its values. */
export function wireShapes(frames: Iterable<unknown>): WireShapes {
  const shapes = new Map<string, Set<string>>();
  for (const frame of frames) {
    const entries = shapes.get(wireType(frame)) ?? new Set();
    shapes.set(wireType(frame), entries);
    collect(dataOf(frame), '', entries);
  }
  return shapes;
}

/** The entries of `shapes` that `known` lacks, each with its wire type. */
export function missingFrom(known: WireShapes, shapes: WireShapes): string[] {
  return [...shapes]
    .flatMap(([type, entries]) =>
      [...entries].filter((entry) => known.get(type)?.has(entry) !== true).map((entry) => `${type} ${entry}`),
    )
    .sort();
}

/** A frame's kind as its venue names it: Binance's event type or stream, the first word of Bybit's topic, or an answer. */
function wireType(frame: unknown): string {
  const { topic, stream, op } = frame as { topic?: unknown; stream?: unknown; op?: unknown };
  if (typeof topic === 'string') return topic.split('.')[0] ?? topic;
  if (op !== undefined) return 'answer';
  const data = dataOf(frame) as { e?: unknown; u?: unknown; lastUpdateId?: unknown };
  if (Array.isArray(data)) return 'list';
  if (typeof data.e === 'string') return data.e;
  if (data.lastUpdateId !== undefined) return 'partial book';
  if (data.u !== undefined) return 'bookTicker';
  return typeof stream === 'string' ? stream : 'answer';
}

/** Returns the data of a frame, without the wrapper of Binance's combined streams. */
function dataOf(frame: unknown): unknown {
  const { stream, data } = frame as { stream?: unknown; data?: unknown };
  return stream === undefined ? frame : data;
}

function collect(value: unknown, path: string, entries: Set<string>): void {
  if (Array.isArray(value)) {
    if (value.length === 0) entries.add(`${path}: empty list`);
    for (const each of value) collect(each, `${path}[]`, entries);
  } else if (typeof value === 'object' && value !== null)
    for (const [key, field] of Object.entries(value)) collect(field, path === '' ? key : `${path}.${key}`, entries);
  else entries.add(`${path}: ${form(value, path)}`);
}

function form(value: unknown, path: string): string {
  if (typeof value === 'number') return value === 0 ? '0' : value < 0 ? 'negative' : 'number';
  if (typeof value !== 'string') return String(value);
  if (value === '') return 'empty text';
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value) === 0 ? 'zero' : value.startsWith('-') ? 'minus' : 'digits';
  return WORDS.test(path) ? value : 'text';
}
