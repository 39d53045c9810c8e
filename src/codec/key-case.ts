type CamelName<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelName<Tail>>}`
  : S;

/** A YAML section with its keys in camelCase. */
export type Camel<T> = T extends readonly (infer Item)[]
  ? readonly Camel<Item>[]
  : T extends object
    ? { readonly [K in keyof T as K extends string ? CamelName<K> : never]: Camel<T[K]> }
    : T;

type SnakeName<Name extends string> = Name extends `${infer Head}24h`
  ? `${SnakeName<Head>}_24h`
  : Name extends `${infer First}${infer Rest}`
    ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeName<Rest>}`
    : Name;

/** A value as JSON shows it: names in snake_case at all levels, without `kind`. */
export type Json<T> = T extends readonly (infer Item)[]
  ? readonly Json<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { readonly [Key in keyof T as Key extends 'kind' ? never : SnakeName<Key & string>]: Json<T[Key]> }
    : T;

/** `received_at` → `receivedAt`, `volume_24h` → `volume24h`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const snakeName = (name: string): string => name.replace(/[A-Z]|24h$/g, (part) => `_${part.toLowerCase()}`);

// The types repeat what `renamed` does.
export const camelKeys = <T>(value: T): Camel<T> => renamed(value, camelCase) as Camel<T>;

/** Renames keys for JSON. Not for records: the keys of their maps are data (see `toJson`). */
export const snakeKeys = <T>(value: T): Json<T> => renamed(value, snakeName) as Json<T>;

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), renamed(field, rename)]));
}
