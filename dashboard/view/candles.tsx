import { effect } from '@preact/signals';
import {
  CandlestickSeries,
  ColorType,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useEffect, useRef } from 'preact/hooks';
import type { KlineJson } from '../../src/gateway/api/record-schema.ts';
import { INTERVALS } from '../model/interval.ts';
import { candlesToDraw, isOtherPast } from '../model/merge-candles.ts';
import { candles, interval } from '../state/coin-candles.ts';
import { awaitedFrom } from '../state/selected-coin.ts';
import { selected } from '../state/selection.ts';
import { colorOf, theme } from '../state/theme.ts';
import { amount, placesOf } from '../text/number-text.ts';
import { noneYet } from '../text/state-text.ts';
import { Choice } from './choice.tsx';
import { Panel } from './panel.tsx';

const OPTIONS = INTERVALS.map((value) => ({ value, text: value }));
/** Number of candles shown at first. */
const SHOWN = 90;

export function Candles({ stale }: { readonly stale?: string | undefined }) {
  return (
    <Panel
      id="candles"
      title="Candles"
      staleReason={stale}
      tools={
        <Choice
          label="Interval"
          options={OPTIONS}
          value={interval.value}
          onChange={(value) => {
            interval.value = value;
          }}
        />
      }
    >
      <CandleChart />
      {candles.value.length === 0 && <p class="empty over">{noneYet('candles', awaitedFrom.value)}</p>}
    </Panel>
  );
}

function CandleChart() {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (ref.current === null) return;
    const drawing = new Drawing(ref.current);
    return () => drawing.remove();
  }, []);
  return (
    <div
      class="candle-chart"
      ref={ref}
      role="img"
      aria-label={`Candles of ${selected.value ?? ''}, ${interval.value}`}
    />
  );
}

/** The chart and its two series; prices are numbers here, for drawing alone. */
class Drawing {
  readonly #chart: IChartApi;
  readonly #prices: ISeriesApi<'Candlestick'>;
  readonly #volumes: ISeriesApi<'Histogram'>;
  readonly #subscriptions: (() => void)[];
  #up = '';
  #down = '';
  #drawn: readonly KlineJson[] = [];

  constructor(element: HTMLElement) {
    this.#chart = createChart(element, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11 },
      timeScale: { timeVisible: true, secondsVisible: false, borderVisible: false, rightOffset: 3, minBarSpacing: 1 },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
      handleScale: { axisPressedMouseMove: { time: true, price: false } },
    });
    this.#prices = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#subscriptions = [
      effect(() => {
        theme.value;
        this.#paint();
        this.#setAll(this.#drawn);
      }),
      effect(() => this.#draw(candles.value)),
    ];
  }

  remove(): void {
    for (const end of this.#subscriptions) end();
    this.#chart.remove();
  }

  #paint(): void {
    this.#up = colorOf('--up');
    this.#down = colorOf('--down');
    const line = colorOf('--line');
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colorOf('--panel') },
        textColor: colorOf('--muted'),
        fontFamily: getComputedStyle(document.body).fontFamily,
      },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: { color: colorOf('--muted') }, horzLine: { color: colorOf('--muted') } },
    });
    this.#prices.applyOptions({
      upColor: this.#up,
      wickUpColor: this.#up,
      downColor: this.#down,
      wickDownColor: this.#down,
    });
  }

  #draw(klines: readonly KlineJson[]): void {
    const changed = candlesToDraw(this.#drawn, klines);
    if (changed !== undefined) for (const kline of changed) this.#setOne(kline);
    else this.#setAll(klines);
    if (isOtherPast(this.#drawn, klines)) this.#showNewest(klines.length);
    this.#drawn = klines;
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

  #setOne(kline: KlineJson): void {
    const past = kline.open_time < (this.#drawn.at(-1)?.open_time ?? 0);
    this.#prices.update(barOf(kline), past);
    this.#volumes.update(this.#volumeOf(kline), past);
  }

  #showNewest(count: number): void {
    this.#chart.priceScale('right').applyOptions({ autoScale: true });
    this.#chart.timeScale().setVisibleLogicalRange({ from: count - SHOWN, to: count + 2 });
  }

  #volumeOf(kline: KlineJson) {
    const rose = Number(kline.close) >= Number(kline.open);
    return { time: timeOf(kline), value: Number(kline.volume), color: faded(rose ? this.#up : this.#down) };
  }
}

function barOf(kline: KlineJson) {
  const { open, high, low, close } = kline;
  return { time: timeOf(kline), open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
}

function timeOf({ open_time }: KlineJson): UTCTimestamp {
  return (open_time / 1000) as UTCTimestamp;
}

function faded(color: string): string {
  return color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.4)');
}
