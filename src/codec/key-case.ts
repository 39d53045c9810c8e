/** Names in memory are camelCase (`volume24h`), in YAML, Avro and JSON snake_case (`volume_24h`). */

type CamelName<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelName<Tail>>}`
  : S;

/** A configuration section as the YAML has it, its keys in camelCase. */
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

/** A value as JSON shows it: the fields' names in snake_case, all the way down; `kind` is a matter of memory alone. */
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

// The types say, key by key, what `renamed` does.
export const camelKeys = <T>(value: T): Camel<T> => renamed(value, camelCase) as Camel<T>;

/** Figures and configuration as JSON shows them. Not for records: their maps have keys that are data (`toJson`). */
export const snakeKeys = <T>(value: T): Json<T> => renamed(value, snakeName) as Json<T>;

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), renamed(field, rename)]));
}
