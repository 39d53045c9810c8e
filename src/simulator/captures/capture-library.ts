import { detectFormat } from '../../capture/read-capture.ts';
import type { VenueId } from '../../domain/instrument.ts';
import type { CaptureOptions } from '../simulator-options.ts';
import { CaptureSession, type CaptureSource, recordedMessages, venueOfLine } from './capture-session.ts';

const SETTLE_MS = 300;

/**
 * Reads recordings once, to know their venues, symbols and trades.
 * @returns a session for each venue that occurs. @throws Error where a file cannot be read or holds no frame.
 */
export async function openCaptures({
  files,
  format,
  venue,
  speed,
  settleMs,
}: CaptureOptions): Promise<ReadonlyMap<VenueId, CaptureSession>> {
  const [first] = files;
  if (first === undefined) throw new Error('no capture file is named');
  const source: CaptureSource = {
    files,
    format: format ?? (await detectFormat(first)),
    venue,
    speed: speed ?? 'max',
    settleMs: settleMs ?? SETTLE_MS,
  };
  const sessions = new Map<VenueId, CaptureSession>();
  for (const file of files) {
    for await (const line of recordedMessages(file, source.format)) {
      const id = venueOfLine(line, venue);
      const session = sessions.get(id) ?? new CaptureSession(id, source);
      sessions.set(id, session);
      session.note(line);
    }
  }
  for (const [id, { symbols }] of sessions) if (symbols.size === 0) sessions.delete(id);
  if (sessions.size === 0) throw new Error(`${files.join(', ')}: no data frame found (format ${source.format})`);
  return sessions;
}
