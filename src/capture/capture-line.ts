import type { Fault } from '../domain/fault.ts';

/*
 * The lines of a capture, in our own format and in those of others. Text is latin1 throughout: each character is a byte
 * as it was received. docs/captures.md is the definition for people.
 */

export type CaptureFormat = 'market-feed' | 'hftbacktest' | 'ndjson' | 'cryptofeed';

export const CAPTURE_FORMATS: readonly CaptureFormat[] = ['market-feed', 'hftbacktest', 'ndjson', 'cryptofeed'];

/** A fault as a capture keeps it. */
export type CapturedFault = Pick<Fault, 'kind' | 'message' | 'retry'> & Partial<Pick<Fault, 'status'>>;

interface CapturedHttp {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** How a connection ended without our doing. */
export type CapturedEnd =
  | { readonly kind: 'refused'; readonly refusal: CapturedHttp }
  | { readonly kind: 'failed'; readonly fault: CapturedFault }
  | {
      readonly kind: 'violated';
      readonly what: 'frame_too_large' | 'protocol_error';
      readonly fault: CapturedFault;
    };

/** What a REST request came to. `path` is behind the venue's address. */
export type CapturedAnswer = { readonly path: string } & (CapturedHttp | { readonly fault: CapturedFault });

/** What happened on a connection beside its frames. */
export type CaptureMark =
  | { readonly verb: 'connecting'; readonly url: string }
  | { readonly verb: 'connected' | 'ping' | 'pong' }
  /** We closed it. */
  | { readonly verb: 'closed' }
  | { readonly verb: 'ended'; readonly end: CapturedEnd }
  | { readonly verb: 'answer'; readonly answer: CapturedAnswer }
  /** The wall clock was set: what follows is so many microseconds further than time itself went. */
  | { readonly verb: 'clock'; readonly stepMicros: number };

interface Place {
  /** When it was received, whole microseconds since 1970; undefined where the recording does not say. */
  readonly at: number | undefined;
  /** Name of the recorded connection; empty where the recording has one only. */
  readonly connection: string;
}

export type ParsedLine =
  | (Place & { readonly kind: 'frame'; readonly frame: Buffer; readonly binary: boolean })
  | (Place & { readonly kind: 'mark'; readonly mark: CaptureMark })
  /** The body of a REST answer, which is a book, among the frames of a foreign recording; `symbol` when the recording names it. */
  | (Place & { readonly kind: 'body'; readonly body: string; readonly symbol?: string })
  /** Belongs to the recording and says nothing: its header, an empty line. */
  | { readonly kind: 'nothing' }
  /** No line of the format. */
  | { readonly kind: 'odd' };

/** A frame in the line is no copy: it keeps the bytes around it in memory. */
type ParseLine = (line: Buffer) => ParsedLine;

const NOTHING: ParsedLine = { kind: 'nothing' };
const ODD: ParsedLine = { kind: 'odd' };

/** Time and connection end within so many bytes of nearly every line. */
const HEAD_BYTES = 64;
export const BRACKET = 0x5b;
export const BRACE = 0x7b;
const OWN = /^(\d{4,}) (\S+) /;
const TIMED = /^(\d{4,}) (.*)$/s;
const CRYPTOFEED = /^(\d+\.\d+): (.*)$/s;
const CRYPTOFEED_REST = /^(https?:\S+) -> (\d+\.\d+): (.*)$/s;
const DEPTH_BODY = '{"lastUpdateId"';
const MICROS = 1e6;

export const PARSERS: Readonly<Record<CaptureFormat, ParseLine>> = {
  'market-feed': (line) => {
    const match = OWN.exec(line.toString('latin1', 0, HEAD_BYTES)) ?? OWN.exec(line.toString('latin1'));
    if (match === null) return line.length === 0 ? NOTHING : ODD;
    const place = { at: micros(match[1]), connection: match[2] ?? '' };
    const frame = line.subarray(match[0].length);
    if (frame[0] === BRACE || frame[0] === BRACKET) return { ...place, kind: 'frame', frame, binary: false };
    const rest = frame.toString('latin1');
    return rest.startsWith('! ') ? marked(place, rest.slice(2)) : ODD;
  },
  hftbacktest: (line) => {
    const match = TIMED.exec(line.toString('latin1'));
    if (match === null) return line.length === 0 ? NOTHING : ODD;
    return message({ at: micros(match[1]), connection: '' }, match[2] ?? '');
  },
  cryptofeed: (line) => {
    const text = line.toString('latin1');
    const body = CRYPTOFEED_REST.exec(text);
    if (body !== null) {
      const symbol = /[?&]symbol=([^&]+)/.exec(body[1] ?? '')?.[1];
      const place = { at: seconds(body[2]), connection: '' };
      return { ...place, kind: 'body', body: body[3] ?? '', ...(symbol === undefined ? {} : { symbol }) };
    }
    const match = CRYPTOFEED.exec(text);
    return match === null ? NOTHING : message({ at: seconds(match[1]), connection: '' }, match[2] ?? '');
  },
  ndjson: (line) => (line.length === 0 ? NOTHING : message({ at: undefined, connection: '' }, line.toString('latin1'))),
};

function message(place: Place, text: string): ParsedLine {
  if (!text.startsWith('{') && !text.startsWith('[')) return ODD;
  if (text.startsWith(DEPTH_BODY)) return { ...place, kind: 'body', body: text };
  return { ...place, kind: 'frame', frame: Buffer.from(text, 'latin1'), binary: false };
}

/** Nanoseconds with their last three digits cut off: a number would not hold them. */
function micros(ns: string | undefined): number {
  return Number(ns?.slice(0, -3));
}

function seconds(text: string | undefined): number {
  return Math.round(Number(text) * MICROS);
}

function marked(place: Place, text: string): ParsedLine {
  const space = text.indexOf(' ');
  const verb = space === -1 ? text : text.slice(0, space);
  const rest = space === -1 ? '' : text.slice(space + 1);
  if (verb === 'text' || verb === 'binary') {
    return { ...place, kind: 'frame', frame: Buffer.from(rest, 'base64'), binary: verb === 'binary' };
  }
  const mark = markOf(verb, rest);
  return mark === undefined ? ODD : { ...place, kind: 'mark', mark };
}

function markOf(verb: string, rest: string): CaptureMark | undefined {
  switch (verb) {
    case 'connecting':
      return { verb, url: rest };
    case 'connected':
    case 'ping':
    case 'pong':
    case 'closed':
      return { verb };
    case 'ended': {
      const end = json(rest);
      return isEnd(end) ? { verb, end } : undefined;
    }
    case 'answer': {
      const answer = json(rest);
      return isAnswer(answer) ? { verb, answer } : undefined;
    }
    case 'clock': {
      const stepMicros = Number(rest);
      return Number.isSafeInteger(stepMicros) ? { verb, stepMicros } : undefined;
    }
    default:
      return undefined;
  }
}

function json(latin1: string): unknown {
  try {
    return JSON.parse(Buffer.from(latin1, 'latin1').toString('utf8'));
  } catch {
    return undefined;
  }
}

const isEnd = (value: unknown): value is CapturedEnd => hasText(value, 'kind');
const isAnswer = (value: unknown): value is CapturedAnswer => hasText(value, 'path');

function hasText(value: unknown, key: string): boolean {
  return typeof Object(value)[key] === 'string';
}

/** A mark as it stands in its line, behind time and connection; UTF-8 text. */
export function captureMarkText(mark: CaptureMark): string {
  switch (mark.verb) {
    case 'connecting':
      return `! connecting ${mark.url.replace(/\s/g, '%20')}`;
    case 'ended':
      return `! ended ${JSON.stringify(mark.end)}`;
    case 'answer':
      return `! answer ${JSON.stringify(mark.answer)}`;
    case 'clock':
      return `! clock ${mark.stepMicros}`;
    default:
      return `! ${mark.verb}`;
  }
}

/** The time of the venue in a message of its, milliseconds since 1970: for recordings without receive times. */
export function venueTime(data: string): number | undefined {
  const match = /"(?:E|ts)":(\d{13})/.exec(data);
  return match === null ? undefined : Number(match[1]);
}
