import { effect, type Signal } from '@preact/signals';
import type { IChartApi, ISeriesApi, MouseEventParams, UTCTimestamp } from 'lightweight-charts';
import type { KlineJson } from '../../src/gateway/api/record-schema.ts';
import { cursorTime } from '../page/cursor.ts';
import { colorOf, forcedColors, theme } from '../page/theme.ts';
import { amount, placesOf } from '../text/number-text.ts';
import { clock, day, shortClock } from '../text/time-text.ts';
import { timeZone } from '../text/time-zone.ts';
import { candleAt } from './candle-legend.ts';
import type { ChartMark } from './chart-marks.ts';
import { candles, loadOlder } from './coin-candles.ts';
import { MarkPainter } from './mark-painter.ts';
import { candlesToDraw, isOtherSeries } from './merge-candles.ts';

/** Number of candles shown at first. */
const SHOWN = 90;
/** Empty places for candles right of the newest one. */
const AFTER = 3;
/** Older candles are loaded when fewer than this many are left of the visible ones. */
const LOAD_BEFORE = 40;
const LEAST_SHOWN = 8;
const DAY_MS = 86_400_000;

export type ChartLibrary = typeof import('./chart-library.ts');

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The chart and its two series; prices are numbers here, for drawing alone. */
export class CandleDrawing {
  readonly #library: ChartLibrary;
  readonly #chart: IChartApi;
  readonly #prices: ISeriesApi<'Candlestick'>;
  readonly #volumes: ISeriesApi<'Histogram'>;
  readonly #marks = new MarkPainter();
  readonly #subscriptions: (() => void)[];
  #up = '';
  #down = '';
  #drawn: readonly KlineJson[] = [];
  /** The range that the chart takes on in its next frame, as places in `#drawn`. */
  #nextRange: Range | undefined;
  #pointsHere = false;

  /** @param atNewest is set to whether the newest candle is in view */
  constructor(library: ChartLibrary, element: HTMLElement, atNewest: Signal<boolean>) {
    this.#library = library;
    this.#chart = library.createChart(element, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11 },
      timeScale: {
        timeVisible: true,
        secondsVisible: false,
        borderVisible: false,
        rightOffset: AFTER,
        minBarSpacing: 0.5,
        tickMarkFormatter: (time: UTCTimestamp) => this.#tickText(time * 1000),
      },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.14, bottom: 0.24 } },
      // A wheel and a vertical swipe scroll the page; `zoom` handles the wheel with Ctrl.
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false, axisPressedMouseMove: { time: true, price: false } },
    });
    this.#prices = this.#chart.addSeries(library.CandlestickSeries, {});
    this.#volumes = this.#chart.addSeries(library.HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#prices.attachPrimitive(this.#marks);
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range === null) return;
      atNewest.value = range.to >= this.#drawn.length - 1;
      if (range.from < LOAD_BEFORE) void loadOlder();
    });
    this.#chart.subscribeCrosshairMove((event) => this.#pointed(event));
    this.#subscriptions = [
      effect(() => {
        theme.value;
        forcedColors.value;
        this.#paint();
        this.#setAll(this.#drawn);
      }),
      effect(() => this.#draw(candles.value)),
      effect(() => this.#point(cursorTime.value)),
      effect(() => {
        timeZone.value;
        this.#chart.applyOptions({
          localization: { timeFormatter: (time: UTCTimestamp) => this.#timeText(time * 1000) },
        });
      }),
    ];
  }

  remove(): void {
    for (const end of this.#subscriptions) end();
    this.#chart.remove();
  }

  showMarks(marks: readonly ChartMark[]): void {
    this.#marks.show(marks);
  }

  /** Shows more or fewer candles. `factor` above 1 shows more; `at` is the place that stays, from 0 (left) to 1. */
  zoom(factor: number, at = 1): void {
    const range = this.#range;
    if (range === null) return;
    const width = range.to - range.from;
    const next = Math.max(LEAST_SHOWN, Math.min(width * factor, this.#drawn.length + SHOWN));
    const fixed = range.from + width * at;
    this.#show({ from: fixed - next * at, to: fixed + next * (1 - at) });
  }

  /** Moves by a part of the visible candles; negative: to older ones. */
  pan(part: number): void {
    const range = this.#range;
    if (range === null) return;
    const most = this.#drawn.length + AFTER - range.to;
    const by = Math.min(part * (range.to - range.from), most);
    this.#show({ from: range.from + by, to: range.to + by });
  }

  /** Points at the candle before or after the one that is pointed at. */
  step(by: -1 | 1): void {
    const at = candleAt(this.#drawn, cursorTime.peek());
    const index = at === undefined ? this.#drawn.length : this.#drawn.indexOf(at);
    cursorTime.value = this.#drawn[Math.max(0, Math.min(index + by, this.#drawn.length - 1))]?.open_time;
  }

  showOldest(): void {
    const range = this.#range;
    if (range !== null) this.#show({ from: 0, to: range.to - range.from });
  }

  showNewest(): void {
    this.#chart.priceScale('right').applyOptions({ autoScale: true });
    const range = this.#range;
    const width = Math.min(range === null ? SHOWN : range.to - range.from, 4 * SHOWN);
    this.#showLast(width);
  }

  #showLast(width: number): void {
    const to = this.#drawn.length - 1 + AFTER;
    this.#show({ from: to - width, to });
  }

  #show(range: Range): void {
    this.#nextRange = range;
    this.#chart.timeScale().setVisibleLogicalRange(range);
    // The chart has asked for its frame before, so it takes on the range before this runs.
    requestAnimationFrame(() => {
      if (this.#nextRange === range) this.#nextRange = undefined;
    });
  }

  get #range(): Range | null {
    return this.#nextRange ?? this.#chart.timeScale().getVisibleLogicalRange();
  }

  #pointed({ time, sourceEvent }: MouseEventParams): void {
    // The chart reports moves of the crosshair that this class makes, too.
    if (sourceEvent === undefined && time !== undefined) return;
    if (time === undefined && !this.#pointsHere) return;
    this.#pointsHere = time !== undefined;
    cursorTime.value = time === undefined ? undefined : Number(time) * 1000;
  }

  #point(at: number | undefined): void {
    if (this.#pointsHere) return;
    const kline = candleAt(this.#drawn, at);
    if (kline === undefined) this.#chart.clearCrosshairPosition();
    else this.#chart.setCrosshairPosition(Number(kline.close), timeOf(kline), this.#prices);
  }

  #paint(): void {
    this.#up = colorOf('--up');
    this.#down = colorOf('--down');
    const [line, muted, panel] = [colorOf('--line'), colorOf('--muted'), colorOf('--panel')];
    const { fontFamily } = getComputedStyle(document.body);
    this.#chart.applyOptions({
      layout: {
        background: { type: this.#library.ColorType.Solid, color: panel },
        textColor: muted,
        fontFamily,
      },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: { color: muted }, horzLine: { color: muted } },
    });
    this.#marks.paint({ gap: colorOf('--warn'), switch: colorOf('--accent'), ground: panel }, fontFamily);
    // Up is hollow and down is filled, so that they differ in more than their hue.
    this.#prices.applyOptions({
      upColor: panel,
      borderUpColor: this.#up,
      wickUpColor: this.#up,
      downColor: this.#down,
      borderDownColor: this.#down,
      wickDownColor: this.#down,
    });
  }

  #draw(klines: readonly KlineJson[]): void {
    const changed = candlesToDraw(this.#drawn, klines);
    const isOther = isOtherSeries(this.#drawn, klines);
    const before = this.#drawn;
    this.#drawn = klines;
    if (changed !== undefined) for (const kline of changed) this.#setOne(kline, before);
    else this.#setAll(klines);
    if (klines.length === 0) return;
    if (isOther) this.#showLast(SHOWN + AFTER);
    else if (this.#nextRange !== undefined) this.#show(movedBy(olderThan(before, klines), this.#nextRange));
  }

  #setAll(klines: readonly KlineJson[]): void {
    const places = klines.reduce(
      (most, { open, high, low, close }) => Math.max(most, ...[open, high, low, close].map(placesOf)),
      0,
    );
    this.#prices.applyOptions({
      priceFormat: {
        type: 'custom',
        minMove: 10 ** -places,
        formatter: (price: number) => amount(price.toFixed(places)),
      },
    });
    this.#prices.setData(klines.map(barOf));
    this.#volumes.setData(klines.map((kline) => this.#volumeOf(kline)));
  }

  #setOne(kline: KlineJson, before: readonly KlineJson[]): void {
    const past = kline.open_time < (before.at(-1)?.open_time ?? 0);
    this.#prices.update(barOf(kline), past);
    this.#volumes.update(this.#volumeOf(kline), past);
  }

  #volumeOf(kline: KlineJson) {
    const rose = Number(kline.close) >= Number(kline.open);
    return {
      time: timeOf(kline),
      value: Number(kline.volume),
      color: rose ? faded(this.#up, 0.3) : faded(this.#down, 0.65),
    };
  }

  /** A text below the time axis. Candles of a day belong to a day in UTC. */
  #tickText(ms: number): string {
    if (this.#isDays) return new Date(ms).toISOString().slice(5, 10);
    return shortClock(ms) === '00:00' ? day(ms).slice(5) : shortClock(ms);
  }

  #timeText(ms: number): string {
    return this.#isDays ? new Date(ms).toISOString().slice(0, 10) : `${day(ms)} ${clock(ms).slice(0, 5)}`;
  }

  get #isDays(): boolean {
    const [first] = this.#drawn;
    return first !== undefined && first.close_time - first.open_time >= DAY_MS - 1;
  }
}

/** Number of candles that are older than the first of `before`. */
function olderThan([first]: readonly KlineJson[], klines: readonly KlineJson[]): number {
  return first === undefined ? 0 : klines.findIndex(({ open_time }) => open_time >= first.open_time);
}

function movedBy(places: number, { from, to }: Range): Range {
  return { from: from + places, to: to + places };
}

function barOf(kline: KlineJson) {
  const { open, high, low, close } = kline;
  return { time: timeOf(kline), open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
}

function timeOf({ open_time }: KlineJson): UTCTimestamp {
  return (open_time / 1000) as UTCTimestamp;
}

function faded(color: string, opacity: number): string {
  return color.replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);
}
