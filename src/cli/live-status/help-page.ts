import { inColumns, span } from '../terminal/terminal-text.ts';
import type { PageState } from './page-state.ts';
import type { Row } from './screen.ts';

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['q', 'stops the feed and ends, as Ctrl-C does'],
  ['↑ ↓ ← →', 'select a coin, or scroll; also PgUp, PgDn, Home, End'],
  ['Enter', 'shows the order book and the trades of the selected coin'],
  ['/', 'shows only coins whose name contains the typed letters'],
  ['s', 'sorts by the list, name, 24 h, trades/s or age'],
  ['e', 'shows the events'],
  ['g', 'shows the gaps'],
  ['Esc', 'goes back, or clears the filter'],
  ['Ctrl-Z', 'suspends the feed too: its connections end while it waits'],
];

const SIGNS: readonly (readonly [sign: string, means: string])[] = [
  ['▶ ▷', 'the venue that serves; an active venue that does not'],
  ['!', 'a stale coin: its price is not the present one; or a problem'],
  ['#2', 'epoch: how often a venue has begun to serve the symbol'],
  ['● ◌ ◐ ✕', 'connected; connecting; stale or limited; not connected'],
];

export function helpRows(): readonly Row[] {
  const line = ([name, text]: readonly [string, string]): Row => [span(`  ${inColumns(name, 10)}`, 'bold'), span(text)];
  return [...KEYS.map(line), [], ...SIGNS.map(line)];
}

/** The keys of the page, in the last row. */
export function footerRow({ page, isTyping, filter, sort }: PageState): Row {
  if (isTyping) return keys([`/${filter}_`], ['Enter', 'keep'], ['Esc', 'clear']);
  if (page === 'coins') {
    const kept: [string, string] = filter === '' ? ['/', 'filter'] : ['Esc', `filter: ${filter}`];
    return keys(
      ['q', 'quit'],
      ['?', 'help'],
      kept,
      ['s', `sort: ${sort}`],
      ['Enter', 'coin'],
      ['e', 'events'],
      ['g', 'gaps'],
    );
  }
  return keys(['Esc', 'back'], ['↑↓', page === 'coin' ? 'other coin' : 'scroll'], ['q', 'quit'], ['?', 'help']);
}

function keys(...pairs: readonly (readonly [key: string, does?: string])[]): Row {
  return pairs.flatMap(([key, does = '']) => [span(` ${key}`, 'bold'), span(` ${does} `, 'dim')]);
}
