import type { Fault } from '../domain/fault.ts';

/*
 * The rows of a capture, in our own format and in foreign ones (docs/captures.md). Text is latin1: each character is a
 * byte as it was received.
 */

export const CAPTURE_FORMATS = ['market-feed', 'hftbacktest', 'ndjson', 'cryptofeed'] as const;
export type CaptureFormat = (typeof CAPTURE_FORMATS)[number];

/** A fault as a capture stores it. */
export type CapturedFault = Pick<Fault, 'kind' | 'message' | 'retry'> & Partial<Pick<Fault, 'status'>>;

interface CapturedHttp {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

type Violation = 'frame_too_large' | 'protocol_error';

/** How a connection ended, if we did not close it. */
export type CapturedEnd =
  | { readonly kind: 'refused'; readonly refusal: CapturedHttp }
  | { readonly kind: 'failed'; readonly fault: CapturedFault }
  | { readonly kind: 'violated'; readonly what: Violation; readonly fault: CapturedFault };

/** The result of a REST request. `path` is without the venue's address. */
export type CapturedAnswer = { readonly path: string } & (CapturedHttp | { readonly fault: CapturedFault });

/** An event on a connection other than a frame. */
export type CaptureMark =
  | { readonly verb: 'connecting'; readonly url: string }
  | { readonly verb: 'connected' | 'ping' | 'pong' }
  /** We closed the connection. */
  | { readonly verb: 'closed' }
  | { readonly verb: 'ended'; readonly end: CapturedEnd }
  | { readonly verb: 'answer'; readonly answer: CapturedAnswer }
  /** The wall clock was set forward by `stepMicros` microseconds. */
  | { readonly verb: 'clock'; readonly stepMicros: number };

interface RowHead {
  /** When the frame or event was received, whole microseconds since 1970; undefined: unknown. */
  readonly at: number | undefined;
  /** Name of the recorded connection; empty if there is only one. */
  readonly connection: string;
}

export type ParsedRow =
  | (RowHead & { readonly kind: 'frame'; readonly frame: Buffer; readonly binary: boolean })
  | (RowHead & { readonly kind: 'mark'; readonly mark: CaptureMark })
  /** A REST body with an order book, in a capture of a foreign format; `symbol` if the capture names it. */
  | (RowHead & { readonly kind: 'body'; readonly body: string; readonly symbol?: string })
  /** A row without an event: a header, an empty row. */
  | { readonly kind: 'nothing' }
  /** Not a row of the format. */
  | { readonly kind: 'odd' };

/** A parsed frame may be a view on the row. */
type ParseRow = (row: Buffer) => ParsedRow;

const NOTHING: ParsedRow = { kind: 'nothing' };
const ODD: ParsedRow = { kind: 'odd' };

/** In nearly every row, time and connection end within this number of bytes. */
const HEAD_BYTES = 64;
export const BRACKET = 0x5b;
export const BRACE = 0x7b;
const OWN = /^(\d{4,}) (\S+) /;
const TIMED = /^(\d{4,}) (.*)$/s;
const CRYPTOFEED = /^(\d+\.\d+): (.*)$/s;
const CRYPTOFEED_REST = /^(https?:\S+) -> (\d+\.\d+): (.*)$/s;
const DEPTH_BODY = '{"lastUpdateId"';
const MICROS = 1e6;

export const PARSERS: Readonly<Record<CaptureFormat, ParseRow>> = {
  'market-feed': (row) => {
    const match = OWN.exec(row.toString('latin1', 0, HEAD_BYTES)) ?? OWN.exec(row.toString('latin1'));
    if (match === null) return row.length === 0 ? NOTHING : ODD;
    const head = { at: micros(match[1]), connection: match[2] ?? '' };
    const frame = row.subarray(match[0].length);
    if (frame[0] === BRACE || frame[0] === BRACKET) return { ...head, kind: 'frame', frame, binary: false };
    const rest = frame.toString('latin1');
    return rest.startsWith('! ') ? marked(head, rest.slice(2)) : ODD;
  },
  hftbacktest: (row) => {
    const match = TIMED.exec(row.toString('latin1'));
    if (match === null) return row.length === 0 ? NOTHING : ODD;
    return message({ at: micros(match[1]), connection: '' }, match[2] ?? '');
  },
  cryptofeed: (row) => {
    const text = row.toString('latin1');
    const body = CRYPTOFEED_REST.exec(text);
    if (body !== null) {
      const symbol = /[?&]symbol=([^&]+)/.exec(body[1] ?? '')?.[1];
      const head = { at: seconds(body[2]), connection: '' };
      return { ...head, kind: 'body', body: body[3] ?? '', ...(symbol === undefined ? {} : { symbol }) };
    }
    const match = CRYPTOFEED.exec(text);
    return match === null ? NOTHING : message({ at: seconds(match[1]), connection: '' }, match[2] ?? '');
  },
  ndjson: (row) => (row.length === 0 ? NOTHING : message({ at: undefined, connection: '' }, row.toString('latin1'))),
};

function message(head: RowHead, text: string): ParsedRow {
  if (!text.startsWith('{') && !text.startsWith('[')) return ODD;
  if (text.startsWith(DEPTH_BODY)) return { ...head, kind: 'body', body: text };
  return { ...head, kind: 'frame', frame: Buffer.from(text, 'latin1'), binary: false };
}

/** Cuts off the last three digits of nanoseconds: a number cannot hold them exactly. */
function micros(ns: string | undefined): number {
  return Number(ns?.slice(0, -3));
}

function seconds(text: string | undefined): number {
  return Math.round(Number(text) * MICROS);
}

function marked(head: RowHead, text: string): ParsedRow {
  const space = text.indexOf(' ');
  const verb = space === -1 ? text : text.slice(0, space);
  const rest = space === -1 ? '' : text.slice(space + 1);
  if (verb === 'text' || verb === 'binary') {
    return { ...head, kind: 'frame', frame: Buffer.from(rest, 'base64'), binary: verb === 'binary' };
  }
  const mark = markOf(verb, rest);
  return mark === undefined ? ODD : { ...head, kind: 'mark', mark };
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

const isEnd = (value: unknown): value is CapturedEnd => typeof Object(value).kind === 'string';
const isAnswer = (value: unknown): value is CapturedAnswer => typeof Object(value).path === 'string';

/** Returns a mark's text in its row, after time and connection, UTF-8. */
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

/** Returns the venue's time in a message, milliseconds since 1970; for captures without receive times. */
export function venueTime(data: string): number | undefined {
  const match = /"(?:E|ts)":(\d{13})/.exec(data);
  return match === null ? undefined : Number(match[1]);
}
