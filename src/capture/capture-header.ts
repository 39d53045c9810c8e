/** The first line of a capture of ours. */
export interface CaptureHeader {
  readonly format: typeof CAPTURE_FORMAT;
  readonly version: typeof CAPTURE_VERSION;
  /** When the recording began, nanoseconds since 1970 as text. */
  readonly started_ns?: string;
  /** Of the randomness of retries, whole and below 2^32: a replay scatters them alike. */
  readonly seed?: number;
  /** What was recorded: coins, quote, feed, venues, order books and statistics as a configuration has them. Not checked here. */
  readonly config?: unknown;
}

export const CAPTURE_FORMAT = 'market-feed-capture';
export const CAPTURE_VERSION = 1;

/** The header that a line is. @throws Error saying what is wrong with it, without the name of the file. */
export function readCaptureHeader(line: string): CaptureHeader {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
  } catch {
    throw new Error(`not a capture of market-feed: its first line is no JSON header: ${shortened(line)}`);
  }
  const { format, version }: { readonly format?: unknown; readonly version?: unknown } = Object(header);
  if (format !== CAPTURE_FORMAT)
    throw new Error(
      `not a capture of market-feed: the format of its header is ${JSON.stringify(format)}, not "${CAPTURE_FORMAT}"`,
    );
  if (version !== CAPTURE_VERSION)
    throw new Error(`a capture of version ${JSON.stringify(version)}; this program reads version ${CAPTURE_VERSION}`);
  return header as CaptureHeader;
}

/** A line as an error shows it. */
export function shortened(line: string): string {
  const text = Buffer.from(line.slice(0, 200), 'latin1').toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
