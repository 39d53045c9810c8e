import type { Environment } from '../feed/environment.ts';

/** What the browser's tab shows of the feed. */
export type TabState = 'allowed' | 'sink_down' | 'halted' | 'unknown';

const STATES: Readonly<Record<TabState, { readonly word: string; readonly color: string; readonly shape: string }>> = {
  allowed: {
    word: '',
    color: '#1f9d73',
    shape: '<path d="M7 17l6 6 12-14" fill="none" stroke="#fff" stroke-width="4"/>',
  },
  sink_down: { word: '▽ SINK DOWN', color: '#b87800', shape: '<path d="M6 9h20L16 25z" fill="#fff"/>' },
  halted: { word: '■ HALTED', color: '#c62f41', shape: '<path d="M9 9h14v14H9z" fill="#fff"/>' },
  unknown: { word: '? UNKNOWN', color: '#6b7683', shape: '<path d="M8 14h16v4H8z" fill="#fff"/>' },
};

/** `■ HALTED · BTC 64,902`. `price`: the selected coin and its price; may be empty. */
export function tabTitle(state: TabState, price: string, environment: Environment | undefined): string {
  const test = environment === undefined || environment === 'production' ? '' : environment;
  const parts = [STATES[state].word, price, test].filter((part) => part !== '');
  return parts.length === 0 ? 'market-feed' : parts.join(' · ');
}

/** The tab's icon as a URL: the state's colour and shape. */
export function tabIcon(state: TabState): string {
  const { color, shape } = STATES[state];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${color}"/>${shape}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
