import type { Page } from 'playwright-core';
import { getOrCreate } from '../../src/domain/get-or-create.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import type { RecordedFeed } from './recorded-feed.ts';

/** What the page showed at a moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly trading: string;
  readonly venue: string;
  /** What is missing, by the head. */
  readonly parts: readonly string[];
  readonly title: string;
  /** Whether the whole page is grey, because it is not connected. */
  readonly lost: boolean;
  /** The newest state of each lane of the timeline, by the lane's name. */
  readonly lanes: Readonly<Record<string, string>>;
  readonly rows: readonly { readonly symbol: string; readonly price: string; readonly stale: boolean }[];
}

/** Begins to note once a second what the page shows. */
export function startSampling(page: Page): Promise<void> {
  return page.evaluate(() => {
    const samples: Sample[] = [];
    const textOf = (at: ParentNode, selector: string) => at.querySelector(selector)?.textContent?.trim() ?? '';
    const textsOf = (selector: string) =>
      [...document.querySelectorAll(selector)].map((each) => each.textContent ?? '');
    const sample = () => {
      const bars = [...document.querySelectorAll('.timeline rect:has(title)')].flatMap((bar) => {
        const [, lane = '', state = ''] = /^(.+?): (.+?), \d\d:\d\d:\d\d to /.exec(textOf(bar, 'title')) ?? [];
        return lane === '' ? [] : [{ lane, state, x: Number(bar.getAttribute('x')) }];
      });
      const newest = bars.toSorted((a, b) => a.x - b.x).map(({ lane, state }) => [lane, state]);
      samples.push({
        at: Date.now(),
        trading: textOf(document, '.headline-trading'),
        venue: textOf(document, '.headline-venue'),
        parts: textsOf('.headline-part'),
        title: document.title,
        lost: document.querySelector('.app.is-lost') !== null,
        lanes: Object.fromEntries(newest),
        rows: [...document.querySelectorAll('.coins tbody tr')].map((row) => ({
          symbol: row.querySelector('a')?.dataset.symbol ?? '',
          price: textOf(row, '.price').replaceAll(/[^\d.]/g, ''),
          stale: row.classList.contains('is-stale'),
        })),
      });
    };
    setInterval(sample, 1000);
    Object.assign(globalThis, { samples });
  });
}

export function samplesOf(page: Page): Promise<readonly Sample[]> {
  return page.evaluate(() => (globalThis as unknown as { samples: Sample[] }).samples);
}

/** How old what the page says may be, milliseconds. */
const TOLERANCE_MS = 1000;
/** From this silence on, the page may say that it knows nothing; after `SILENT_MS` it must, milliseconds. */
const QUIET_MS = 1500;
const SILENT_MS = 3000;
/** Within this time after the gateway can be reached again, the page reconnects, milliseconds. */
const RECONNECT_MS = 12_000;
/** A price is old without a newer one for this long, milliseconds. */
const OLD_MS = 1000;
/** The counts take two steps of a second each: from the feed to the gateway, and to the page. */
const COUNTS_MS = 2000;

interface Change<T> {
  readonly at: number;
  readonly value: T;
}

/** The values that were in force at some time from `from` to `to`. */
function valuesIn<T>(changes: readonly Change<T>[], from: number, to: number): T[] {
  const before = changes.findLast(({ at }) => at <= from);
  const during = changes.filter(({ at }) => at > from && at <= to);
  return [...new Set([...(before === undefined ? [] : [before]), ...during].map(({ value }) => value))];
}

type Trading = 'allowed' | 'halted' | 'unknown';

/** What the feed's records say of each moment, found without the code of the feed and the page. */
export class Truth {
  readonly #feed: RecordedFeed;
  readonly #trading: Change<Trading>[] = [];
  readonly #active: Change<string | null>[] = [];
  readonly #venues = new Map<string, Change<'up' | 'down' | 'stale' | 'connecting'>[]>();
  readonly #prices = new Map<string, Change<string>[]>();
  /** When each unrepaired gap and each dead letter was published. */
  readonly #missing: Readonly<Record<'gap' | 'dead letter', number[]>> = { gap: [], 'dead letter': [] };
  /** When heartbeats came, by which the feed is judged, and when any status record came, which the lanes show. */
  readonly #beats: number[] = [];
  readonly #received: number[] = [];
  readonly #toleranceMs: number;

  /** `extraMs`: how much older the page may be, because its messages take longer. */
  constructor(feed: RecordedFeed, extraMs: number) {
    this.#feed = feed;
    this.#toleranceMs = TOLERANCE_MS + extraMs;
    const lines = new Map<string, Set<string>>();
    const stale = new Set<string>();
    let instanceBefore: string | undefined;
    for (const { at, record } of feed.published) {
      if (record.kind === 'price')
        changesOf(this.#prices, record.symbol).push({ at, value: String(Number(record.price)) });
      if (record.kind === 'dead_letter') this.#missing['dead letter'].push(at);
      if (record.kind === 'gap' && record.outcome !== 'repaired') this.#missing.gap.push(at);
      if (record.kind !== 'status') continue;
      this.#received.push(at);
      if (record.state === 'heartbeat') this.#beats.push(at);
      // A start is halted until the feed says otherwise.
      if (record.instance !== instanceBefore) this.#trading.push({ at, value: 'halted' });
      instanceBefore = record.instance;
      this.#active.push({ at, value: record.activeVenue });
      const trading = tradingOf(record);
      if (trading !== undefined) this.#trading.push({ at, value: trading });
      const { venue, symbol, instance } = record;
      if (venue === null || symbol !== null) continue;
      const key = `${instance} ${venue}`;
      let up = lines.get(key);
      if (up === undefined) {
        up = new Set();
        lines.set(key, up);
        stale.delete(venue);
      }
      follow(record, up, stale);
      const known = changesOf(this.#venues, venue);
      const wasUp = known.some(({ value }) => value === 'up');
      const value = up.size === 0 ? (wasUp ? 'down' : 'connecting') : stale.has(venue) ? 'stale' : 'up';
      known.push({ at, value });
    }
  }

  /** Everything in the sample that the records of that second do not say. */
  problems(sample: Sample): string[] {
    const { at, trading, title, venue, lanes, lost } = sample;
    const found: string[] = [];
    const check = (what: string, shown: string, allowed: readonly string[]) => {
      if (!allowed.includes(shown)) found.push(`${what} is "${shown}", the records say ${allowed.join(' or ')}`);
    };
    const [from, to] = [at - this.#toleranceMs, at + 100];
    const known = this.#known(at, this.#beats);
    const states: Trading[] = known === 'no' ? ['unknown'] : valuesIn(this.#trading, from, to);
    if (known !== 'yes') states.push('unknown');
    const says = /trading (allowed|halted|unknown)/.exec(trading)?.[1] ?? trading;
    check('trading', says, states);
    const mark = title.startsWith('■ HALTED') ? 'halted' : title.startsWith('? UNKNOWN') ? 'unknown' : 'allowed';
    check('the title', mark, [says]);
    const active = valuesIn(this.#active, from, to).map(String);
    const named = /^venue (\S+?),? /.exec(`${venue} `)?.[1] ?? venue;
    check('the venue', named, says === 'allowed' ? active : says === 'halted' ? ['none'] : ['unknown']);
    const isLost = this.#offline(at) === 'yes';
    if (isLost) check('the page', lost ? 'grey' : 'live', ['grey']);
    const lanesKnown = this.#known(at, this.#received);
    const inLane = (words: readonly string[]) => [
      ...(lanesKnown === 'no' ? [] : words),
      ...(lanesKnown === 'yes' && known === 'yes' ? [] : ['no feed', 'unknown']),
    ];
    check('the lane Trading', lanes.Trading ?? '', inLane(valuesIn(this.#trading, from, to)));
    for (const [name, changes] of this.#venues) {
      const words = valuesIn(changes, from, to).map((state) => (state === 'up' ? 'serves or stands by' : state));
      const lane = (lanes[name] ?? '').replace(', while it was the active venue', '');
      const shown = /^(?:serves|stands by)$/.test(lane) ? 'serves or stands by' : lane;
      check(`the lane ${name}`, shown, inLane(words));
      if (lane === 'serves') check('the lane that serves', name, active);
    }
    for (const name of ['gap', 'dead letter'] as const) {
      const shown = sample.parts.find((part) => part.includes(name)) ?? '0';
      const counts = (time: number) => this.#missing[name].filter((publishedAt) => publishedAt <= time).length;
      const count = Number(/[\d,]+/.exec(shown)?.[0].replaceAll(',', ''));
      if (known === 'yes' && (count < counts(from - COUNTS_MS) || count > counts(to)))
        found.push(`${count} ${name}s are shown, the records have ${counts(from - COUNTS_MS)} to ${counts(to)}`);
    }
    for (const row of sample.rows) {
      const prices = this.#prices.get(row.symbol) ?? [];
      const isLive = !row.stale && !lost;
      if (!isLive && known === 'yes' && states.join() === 'allowed') {
        const newest = prices.findLast((price) => price.at <= at)?.at ?? 0;
        if (at - newest < this.#toleranceMs) found.push(`${row.symbol} is grey, its price is new`);
      }
      if (!isLive) continue;
      // Prices are new again shortly before the feed resumes trading.
      const isOld = !prices.some((price) => price.at > from - OLD_MS && price.at <= to);
      if (isOld && !states.includes('allowed'))
        found.push(`${row.symbol} looks live, trading is ${states.join(' or ')}`);
      if (row.price !== '') check(`the price of ${row.symbol}`, String(Number(row.price)), valuesIn(prices, from, to));
    }
    return found;
  }

  /** Whether the page can know the feed's state at this time. */
  #known(at: number, received: readonly number[]): 'yes' | 'maybe' | 'no' {
    const offline = this.#offline(at);
    if (offline === 'yes') return 'no';
    const silentMs = (time: number) => time - (received.findLast((beat) => beat <= time) ?? 0);
    if (silentMs(at) > SILENT_MS + this.#toleranceMs) return 'no';
    return offline === 'maybe' || silentMs(at) > QUIET_MS || silentMs(at - this.#toleranceMs) > QUIET_MS
      ? 'maybe'
      : 'yes';
  }

  /** Whether the page has no connection to the gateway. */
  #offline(at: number): 'yes' | 'maybe' | 'no' {
    const time = this.#feed.offline.find(({ from, to }) => at >= from && at < to + RECONNECT_MS);
    if (time === undefined) return 'no';
    return at > time.from + this.#toleranceMs && at < time.to ? 'yes' : 'maybe';
  }
}

function changesOf<T>(all: Map<string, Change<T>[]>, key: string): Change<T>[] {
  return getOrCreate(all, key, () => []);
}

function tradingOf({ state, symbol, heartbeat }: FeedStatus): Trading | undefined {
  if (heartbeat !== null) return heartbeat.trading === 'allowed' ? 'allowed' : 'halted';
  if (symbol !== null) return undefined;
  if (state === 'trading_halted') return 'halted';
  return state === 'trading_resumed' ? 'allowed' : undefined;
}

/** Follows the lines of a venue and whether it is stale. */
function follow({ state, venue, line, cause }: FeedStatus, up: Set<string>, stale: Set<string>): void {
  if (state === 'connected' && line !== null) up.add(String(line));
  if (state === 'disconnected' && cause !== 'replaced') up.delete(String(line));
  if (state === 'feed_stale' && line === null && cause !== 'quiet_market') stale.add(venue ?? '');
  if (state === 'feed_recovered' && line === null) stale.delete(venue ?? '');
}
