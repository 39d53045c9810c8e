import type { IncomingMessage } from 'node:http';
import { snakeKeys } from '../codec/key-case.ts';
import { VENUE_IDS } from '../domain/instrument.ts';
import { BadFault } from './faults/fault-command.ts';
import type { Faults } from './faults/faults.ts';
import type { RestAnswer } from './venue-protocol.ts';

const MAX_BODY_BYTES = 65_536;

/** Answers `/faults`: GET lists all faults and the active faults, POST starts a fault, DELETE (`?venue=V`) ends all. */
export async function answerFaults(
  request: IncomingMessage,
  query: URLSearchParams,
  faults: Faults,
): Promise<RestAnswer> {
  const { method } = request;
  try {
    if (method === 'GET') return json(200, { faults: faults.describe(), active: snakeKeys(faults.active) });
    if (method === 'DELETE') faults.clear(Date.now(), venueOf(query));
    else if (method === 'POST') {
      const started = faults.start(parsedJson(await readBody(request)), Date.now());
      return json(200, { started: snakeKeys(started) });
    } else return json(405, { error: 'method_not_allowed', message: 'GET, POST or DELETE' });
    return json(200, { active: snakeKeys(faults.active) });
  } catch (error) {
    if (error instanceof BadFault) return json(400, { error: 'bad_fault', message: error.message });
    return json(500, { error: 'internal', message: error instanceof Error ? error.message : String(error) });
  }
}

/** Makes an answer with a newline at the end, for people with curl. */
export function json(status: number, body: unknown): RestAnswer {
  return { status, body: `${JSON.stringify(body)}\n` };
}

function venueOf(query: URLSearchParams): string | undefined {
  const venue = query.get('venue');
  if (venue !== null && !VENUE_IDS.some((id) => id === venue))
    throw new BadFault(`venue is ${JSON.stringify(venue)}; allowed: ${VENUE_IDS.join(', ')}`);
  return venue ?? undefined;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadFault(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function readBody(request: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const bytes of request) {
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new BadFault(`the body is longer than ${MAX_BODY_BYTES} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
