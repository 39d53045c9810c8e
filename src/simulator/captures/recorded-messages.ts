import type { CaptureFormat } from '../../capture/capture-line.ts';
import { readCapture } from '../../capture/read-capture.ts';

/** One recorded message of a venue. Text is latin1: each character is a byte as it was received. */
export interface RecordedMessage {
  /** When it was received, milliseconds since 1970 with a fraction; undefined where the recording does not say. */
  readonly at: number | undefined;
  /** Name of the recorded connection; empty where the recording has one only. */
  readonly connection: string;
  readonly frame: string;
}

/** The messages of one recording that can be served again: JSON frames and depth bodies. @throws Error naming the file. */
export async function* recordedMessages(file: string, format: CaptureFormat): AsyncGenerator<RecordedMessage> {
  for await (const line of readCapture(file, format)) {
    // Line 0 carries the venue's announcements, no market.
    if (line.kind === 'mark' || line.connection.endsWith(':0')) continue;
    const frame = line.kind === 'body' ? line.body : line.frame.toString('latin1');
    const { at, connection } = line;
    if (frame.startsWith('{') || frame.startsWith('['))
      yield { at: at === undefined ? undefined : at / 1000, connection, frame };
  }
}
