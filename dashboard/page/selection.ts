import { computed, signal } from '@preact/signals';
import { rows } from '../feed/feed-state.ts';
import { nameInHash } from './name-in-hash.ts';

const hash = signal(location.hash);

/** The symbol in the address, `#/BTCUSDT` or `#/BTC` in any letter case, or else the first that the feed lists. */
export const selected = computed(() => {
  const asked = nameInHash(hash.value);
  const found = rows.value.find(({ symbol, coin }) => symbol === asked || coin === asked);
  return (found ?? rows.value[0])?.symbol;
});

export function startSelection(): void {
  addEventListener('hashchange', () => {
    // Other links lead to places on the page and select no coin.
    if (location.hash.startsWith('#/')) hash.value = location.hash;
  });
}

export function hrefOf(symbol: string): string {
  return `#/${symbol}`;
}

export function select(symbol: string): void {
  location.hash = hrefOf(symbol);
}
