import { type Static, type TObject, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox';
import type { Environment } from '../../domain/record.ts';

/** The parts of the answers' schemas. */

export const nullable = <T extends TSchema>(schema: T): TUnsafe<Static<T> | null> =>
  Type.Unsafe<Static<T> | null>(Type.Union([schema, Type.Null()]));
export const list = <T extends TSchema>(items: T): TUnsafe<readonly Static<T>[]> =>
  Type.Unsafe<readonly Static<T>[]>(Type.Array(items));
export const object = <T extends TProperties>(properties: T): TObject<T> =>
  Type.Object(properties, { additionalProperties: false });
export const text = (description: string) => Type.String({ description });
export const ms = (description: string) => Type.Number({ description: `${description}, milliseconds` });
export const wholeNumber = (description: string) => Type.Integer({ minimum: 0, description });
/** A decimal above 0 with at most 15 digits before the point and 18 after. */
export const PriceStep = Type.String({
  pattern: '^(?:[1-9][0-9]{0,14}(?:\\.[0-9]{1,18})?|0\\.(?=[0-9]{1,18}$)0*[1-9][0-9]*)$',
  description: 'Price step in which levels are summed, bids rounded down and asks up: 0.5; default: single levels',
});

export const oneOf = <const N extends string>(...names: readonly N[]): TUnsafe<N> =>
  Type.Unsafe<N>(Type.Union(names.map((name) => Type.Literal(name))));

export const EnvironmentName = oneOf<Environment>('production', 'testnet', 'simulated', 'replay');

export const ErrorAnswer = object({
  error: text('What went wrong, for programs'),
  message: text('What went wrong, for people'),
  details: Type.Unsafe<Readonly<Record<string, unknown>>>(Type.Record(Type.String(), Type.Unknown())),
});
export type ErrorAnswer = Static<typeof ErrorAnswer>;

/** Names the series of an answer: data of two venues, or of two epochs, are never mixed. */
export const seriesFields = {
  symbol: text('Canonical symbol, e.g. BTCUSDT'),
  coin: text('Base asset, e.g. BTC'),
  venue: text('The venue of the data'),
  environment: EnvironmentName,
  epoch: Type.Integer({
    description: "The venue's turn at serving the symbol, from 1; 0 before its first record. Histories start with it.",
  }),
};
export const Series = object(seriesFields);
export type Series = Static<typeof Series>;

export const freshness = {
  age_ms: ms('Time since the feed received it'),
  stale: Type.Boolean({ description: 'True if it does not show the present market' }),
};
