import type { RawFrame } from '../../domain/venue-event.ts';
import type { Decoded, DecoderContext, Venue } from '../../venues/contract.ts';

type Place = readonly (string | number)[];

/**
 * Returns the fields of a frame that its decoder does not read, such as `data.M`. Such a field may have any value, and
 * the events stay the same. So a new field of a venue is noticed.
 */
export function unreadFields(venue: Venue, context: DecoderContext, frame: RawFrame): readonly string[] {
  const decode = (value: unknown): string => textOf(venue.newDecoder(context)({ ...frame, data: bytesOf(value) }));
  const parse = (): unknown => JSON.parse(Buffer.from(frame.data).toString('utf8'));
  const whole = parse();
  const events = decode(whole);
  return placesOf(whole).flatMap((place) => {
    const changed = parse();
    replace(changed, place);
    return decode(changed) === events ? [place.join('.')] : [];
  });
}

/** The paths of all fields. Of an array, only the fields of its first element. */
function placesOf(value: unknown, at: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return placesOf(value[0], [...at, 0]);
  return Object.entries(value).flatMap(([name, inner]) => [[...at, name], ...placesOf(inner, [...at, name])]);
}

/** Replaces the value at a path by an empty object, which changes the events if the decoder reads this field. */
function replace(value: unknown, place: Place): void {
  const parent = place.slice(0, -1).reduce<unknown>((inner, name) => Reflect.get(Object(inner), name), value);
  Reflect.set(Object(parent), place.at(-1) ?? '', {});
}

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const textOf = (decoded: Decoded): string => JSON.stringify(decoded);
