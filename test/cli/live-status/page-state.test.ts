import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { listedCoins } from '../../../src/cli/live-status/coin-order.ts';
import { readKeys } from '../../../src/cli/live-status/keyboard.ts';
import { renderStatus } from '../../../src/cli/live-status/live-screen.ts';
import { afterKey, FIRST_PAGE, type PageState } from '../../../src/cli/live-status/page-state.ts';
import { until } from '../../../testing/tools/until.ts';
import { snapshot, view } from './status-view.ts';

const SIZE = { columns: 79, rows: 24, color: false };
const UP = '\u001b[A';
const DOWN = '\u001b[B';
const RIGHT = '\u001b[C';
const PAGE_DOWN = '\u001b[6~';
const HOME = '\u001b[H';
const END = '\u001b[F';
const ENTER = '\r';
const ESC = '\u001b';

/** The state after keys that arrive one by one, as the terminal sends them. */
async function pressed(keys: readonly string[], coins = 200, start: PageState = FIRST_PAGE): Promise<PageState> {
  let state = start;
  let count = 0;
  const keyboard = Object.assign(new PassThrough(), { setRawMode: () => {} });
  const listener = readKeys(
    keyboard,
    (key) => {
      const { shown } = renderStatus(view(snapshot(2, {}, coins), state), SIZE);
      state = afterKey(state, key, shown);
      count++;
    },
    () => {},
  );
  listener.take();
  for (const [index, key] of keys.entries()) {
    keyboard.write(key);
    await until(() => count > index);
  }
  listener.release();
  return state;
}

describe('keys', () => {
  it('open and close pages', async () => {
    expect(await pressed(['e'])).toMatchObject({ page: 'events' });
    expect(await pressed(['e', 'g'])).toMatchObject({ page: 'gaps' });
    expect(await pressed(['?'])).toMatchObject({ page: 'help' });
    expect(await pressed(['?', '?'])).toMatchObject({ page: 'coins' });
    expect(await pressed([DOWN, ENTER])).toMatchObject({ page: 'coin', selected: 'ETHUSDT' });
    expect(await pressed([DOWN, ENTER, ESC])).toMatchObject({ page: 'coins', selected: 'ETHUSDT' });
    expect(await pressed([ENTER, DOWN])).toMatchObject({ page: 'coin', selected: 'ETHUSDT' });
  });

  it('select a coin among two hundred, and the page follows', async () => {
    expect((await pressed([UP])).selected).toBe('BTCUSDT');
    expect((await pressed([END])).selected).toBe('C199USDT');
    expect((await pressed([END, HOME])).selected).toBe('BTCUSDT');
    const { shown } = renderStatus(view(snapshot(2, {}, 200)), SIZE);
    expect((await pressed([RIGHT])).selected).toBe(shown.ids[shown.perColumn]);
    const next = await pressed([PAGE_DOWN]);
    expect(next.selected).toBe(shown.ids[shown.perPage]);
    const text = renderStatus(view(snapshot(2, {}, 200), next), SIZE).rows.join('\n');
    expect(text).toContain(`coins ${shown.perPage + 1}–${2 * shown.perPage} of 200`);
    expect(text).toContain(`>  ${next.selected?.replace('USDT', '')} `.replace('>  ', '> '));
  });

  it('filter: letters add to it, Enter keeps it, Esc clears it', async () => {
    const typed = await pressed(['/', 'o', 'p', 'x', '\u007f']);
    expect(typed).toMatchObject({ isTyping: true, filter: 'op' });
    expect(listedCoins(snapshot(), typed).map(({ coin }) => coin)).toEqual(['OP']);
    // A letter of the filter is not a command.
    expect(await pressed(['/', 'q', 's', ENTER])).toMatchObject({ isTyping: false, filter: 'qs', sort: 'list' });
    expect(await pressed(['/', 'o', ENTER, ESC])).toMatchObject({ filter: '' });
    expect(await pressed(['/', 'o', ESC])).toMatchObject({ isTyping: false, filter: '' });
    const none = await pressed(['/', 'z', 'z', ENTER, ENTER, DOWN]);
    expect(none).toMatchObject({ page: 'coins', selected: null });
    expect(renderStatus(view(snapshot(), none), SIZE).rows.join('\n')).toContain('no coin contains zz');
  });

  it('sort by name, 24 h, trades/s, age, and the list again', async () => {
    const first = async (presses: number) => {
      const state = await pressed(Array.from({ length: presses }, () => 's'));
      return listedCoins(snapshot(), state)[0]?.coin;
    };
    expect([await first(1), await first(2), await first(3), await first(4), await first(5)]).toEqual([
      'ADA',
      'TRX',
      'TRX',
      'LINK',
      'BTC',
    ]);
  });

  it('keep the selected coin when the order changes', async () =>
    expect((await pressed([DOWN, DOWN, 's'])).selected).toBe('SOLUSDT'));

  it('keep the coin whose page Enter opened when the order changes', async () =>
    expect((await pressed([ENTER, 's', 's'])).selected).toBe('BTCUSDT'));

  it('scroll a long page within its bounds', async () => {
    const shown = { ids: [], perColumn: 1, perPage: 1, mostAbove: 30, pageRows: 20 };
    const events: PageState = { ...FIRST_PAGE, page: 'events' };
    const after = (above: number, name: string) => afterKey({ ...events, above }, { name, text: '' }, shown).above;
    expect([after(0, 'down'), after(0, 'up'), after(5, 'pagedown'), after(15, 'pagedown'), after(9, 'end')]).toEqual([
      1, 0, 25, 30, 30,
    ]);
  });
});

it('readKeys turns Ctrl-C, Ctrl-Z and Ctrl-\\ into signals, and gives the terminal back', async () => {
  const modes: boolean[] = [];
  const signals: string[] = [];
  const keyboard = Object.assign(new PassThrough(), { setRawMode: (isRaw: boolean) => modes.push(isRaw) });
  const listener = readKeys(
    keyboard,
    () => {},
    (signal) => signals.push(signal),
  );
  listener.take();
  keyboard.write('\u0003\u001a\u001c');
  await until(() => signals.length === 3);
  expect(signals).toEqual(['SIGINT', 'SIGTSTP', 'SIGQUIT']);
  listener.release();
  expect(modes.at(-1)).toBe(false);
  expect(keyboard.isPaused()).toBe(true);
});
