type Key = string | number;

/** A copy of a JSON value with the value at `path` (`data[0].p`) replaced. */
export function withValue(json: unknown, path: string, value: unknown): unknown {
  return changed(json, keysOf(path), (container, key) => {
    container[key] = value;
  });
}

/** A copy of a JSON value without the field or element at `path`. */
export function withoutValue(json: unknown, path: string): unknown {
  return changed(json, keysOf(path), (container, key) => {
    delete container[key];
  });
}

export function valueAt(json: unknown, path: string): unknown {
  return keysOf(path).reduce<unknown>((value, key) => (value as Record<Key, unknown>)[key], json);
}

function changed(
  json: unknown,
  keys: readonly Key[],
  change: (container: Record<Key, unknown>, key: Key) => void,
): unknown {
  const copy: unknown = structuredClone(json);
  const last = keys.at(-1) ?? '';
  const container = keys.slice(0, -1).reduce<unknown>((value, key) => (value as Record<Key, unknown>)[key], copy);
  change(container as Record<Key, unknown>, last);
  return copy;
}

function keysOf(path: string): readonly Key[] {
  return path
    .split(/[.[\]]+/)
    .filter((key) => key !== '')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}
