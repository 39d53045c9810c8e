import { z } from 'zod';
import { VENUE_IDS } from '../../domain/instrument.ts';
import { EVENT_KINDS } from '../captures/frame-subject.ts';

/** Thrown if a fault cannot be started. The message names the wrong member and the allowed values. */
export class BadFault extends Error {
  override readonly name = 'BadFault';
}

const VENUES = [...VENUE_IDS, 'all'] as const;

/** Makes the schema of a request. Each member's description names the allowed values. */
function schemaOf(names: readonly string[]) {
  return z.strictObject({
    venue: z.enum(VENUES).describe(VENUES.join(', ')),
    fault: z.enum(names).describe(names.join(', ')),
    // The number of a connection: open connections count from 1, in the order of opening.
    line: z
      .union([
        z.literal('all'),
        z.int().min(1),
        z
          .string()
          .regex(/^0*[1-9]\d*$/)
          .transform(Number),
      ])
      .default('all')
      .describe('1, 2, … or "all"'),
    // An empty text means every symbol.
    symbol: z.string().toUpperCase().default('').describe('a text'),
    channel: z.enum(EVENT_KINDS).optional().describe(EVENT_KINDS.join(', ')),
    // 0: the fault happens once, lasts for its default time, or lasts until it is cleared.
    seconds: z.number().min(0).max(86_400).default(0).describe('a number from 0 to 86400'),
    status: z.int().min(100).max(4_999).optional().describe('a whole number from 100 to 4999'),
    bps: z.number().min(-9_999).max(1_000_000).optional().describe('a number from -9999 to 1000000'),
    count: z.int().min(1).max(1_000_000_000).optional().describe('a whole number from 1 to 1000000000'),
  });
}

/** A request; only `venue` and `fault` are required. */
export type FaultRequest = z.input<ReturnType<typeof schemaOf>>;

/** A request with all defaults. */
export type FaultCommand = z.output<ReturnType<typeof schemaOf>>;

/** Checks a request. `null` counts as missing. @throws BadFault */
export function parseFault(body: unknown, names: readonly string[]): FaultCommand {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new BadFault('the body must be a JSON object');
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const schema = schemaOf(names);
  const { data, error } = schema.safeParse(given);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  const members: Readonly<Record<string, z.ZodType>> = schema.shape;
  if (issue?.code === 'unrecognized_keys')
    throw new BadFault(`unknown member ${issue.keys[0]}; known: ${Object.keys(members).join(', ')}`);
  const name = String(issue?.path[0]);
  throw new BadFault(`${name} is ${JSON.stringify(given[name])}; allowed: ${members[name]?.description}`);
}
