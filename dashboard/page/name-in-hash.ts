/** The coin or symbol at the end of an address, `#/btc`, in capitals; empty if there is none, or it is unreadable. */
export function nameInHash(hash: string): string {
  try {
    return decodeURIComponent(hash.replace(/^#\/?/, '')).toUpperCase();
  } catch {
    return '';
  }
}
