/** The coin or symbol of an address's end, `#/btc`, in capitals; empty: none, or nothing that can be read. */
export function nameInHash(hash: string): string {
  try {
    return decodeURIComponent(hash.replace(/^#\/?/, '')).toUpperCase();
  } catch {
    return '';
  }
}
