/** `bestBid` → `best_bid`, `volume24h` → `volume_24h`: the names that JSON has. */
export type SnakeCase<Name extends string> = Name extends `${infer Head}24h`
  ? `${SnakeCase<Head>}_24h`
  : Name extends `${infer First}${infer Rest}`
    ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
    : Name;

/** A value as JSON shows it: the fields' names in snake_case, all the way down; `kind` is a matter of memory alone. */
export type Json<T> = T extends readonly (infer Item)[]
  ? readonly Json<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { readonly [Key in keyof T as Key extends 'kind' ? never : SnakeCase<Key & string>]: Json<T[Key]> }
    : T;

/** The figures of `market` and of snapshots as JSON shows them. Not for records: their maps have keys that are data (`toJson`). */
export function figuresToJson<T>(value: T): Json<T> {
  return convert(value) as Json<T>;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [snakeCase(name), convert(field)]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]|24h$/g, (part) => `_${part.toLowerCase()}`);
}
