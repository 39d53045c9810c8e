import { signal } from '@preact/signals';
import { remember, remembered } from './storage.ts';

export type Theme = 'light' | 'dark';

const KEY = 'market-feed.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const forced = matchMedia('(forced-colors: active)');

/** True if the system prescribes the colours, as the high-contrast modes of Windows do. */
export const forcedColors = signal(forced.matches);

/** The theme on the screen: as chosen and remembered in this browser, or else the system's theme. */
export const theme = signal<Theme>(chosen() ?? systemTheme());

export function startTheme(): void {
  show(theme.value);
  forced.addEventListener('change', () => {
    forcedColors.value = forced.matches;
  });
  system.addEventListener('change', () => {
    if (chosen() !== undefined) return;
    show(systemTheme());
  });
}

export function toggleTheme(): void {
  show(theme.value === 'dark' ? 'light' : 'dark');
  remember(KEY, theme.value);
}

/** The current colour of a custom property, as `rgb(…)` for canvases. */
export function colorOf(property: string): string {
  const probe = document.createElement('span');
  // Canvases have no forced colours: in that mode, the tokens have the system's.
  probe.style.forcedColorAdjust = 'none';
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Canvases are painted anew as soon as the signal changes, so the colours change first. */
function show(next: Theme): void {
  document.documentElement.dataset.theme = next;
  theme.value = next;
}

function systemTheme(): Theme {
  return system.matches ? 'dark' : 'light';
}

function chosen(): Theme | undefined {
  const value = remembered(KEY);
  return value === 'light' || value === 'dark' ? value : undefined;
}
