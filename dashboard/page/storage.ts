type Storages = 'localStorage' | 'sessionStorage';

/** The value that this browser or tab remembers; undefined if there is none, or if the browser blocks its storage. */
export function remembered(key: string, storage: Storages = 'localStorage'): string | undefined {
  try {
    return globalThis[storage].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Remembers a value. If the browser blocks its storage, the value lasts until the page is closed. */
export function remember(key: string, value: string, storage: Storages = 'localStorage'): void {
  try {
    globalThis[storage].setItem(key, value);
  } catch {
    // The page works without it.
  }
}
