/** Adds to the list of a key. */
export function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Takes out of the list of a key, if it is there. */
export function remove<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  const at = list?.indexOf(value) ?? -1;
  if (at !== -1) list?.splice(at, 1);
}
