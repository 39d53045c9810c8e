import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { concerns } from '../coin/of-selected.ts';
import { awaitedFrom } from '../coin/selected-coin.ts';
import { changeClass } from '../coins/coin-line.tsx';
import { events } from '../events/feed-events.ts';
import { gaps } from '../feed/feed-state.ts';
import { noneYet } from '../feed/state-text.ts';
import { Choice } from '../page/choice.tsx';
import { cursorTime } from '../page/cursor.ts';
import { Panel } from '../page/panel.tsx';
import { selected } from '../page/selection.ts';
import { amount, change, compact } from '../text/number-text.ts';
import { day, shortClock } from '../text/time-text.ts';
import { CandleDrawing, type ChartLibrary } from './candle-drawing.ts';
import { candleAt, changeOf } from './candle-legend.ts';
import { chartMarks, marksInWords } from './chart-marks.ts';
import { candles, interval, older, whyNoCandles } from './coin-candles.ts';
import { INTERVALS } from './interval.ts';

/** One notch of a wheel, or one press of a key, shows this many times as many candles. */
const ZOOM = 1.25;
const PAN = 0.2;

/** The chart library; null: it cannot be loaded; undefined: it is not loaded yet. */
const library = signal<ChartLibrary | null | undefined>(undefined);

async function loadLibrary(): Promise<void> {
  library.value ??= await import('./chart-library.ts').catch(() => null);
}

export function Candles({ stale }: { readonly stale?: string | undefined }) {
  useEffect(() => void loadLibrary(), []);
  return (
    <Panel
      id="candles"
      title="Candles"
      staleReason={stale}
      tools={
        <Choice
          label="Interval"
          options={INTERVALS.map((value) => ({ value, text: value, whyNot: whyNoCandles(value) }))}
          value={interval.value}
          onChange={(value) => {
            interval.value = value;
          }}
        />
      }
    >
      <Legend />
      {library.value && <CandleChart library={library.value} />}
      {library.value === null ? (
        <p class="empty over">The chart cannot be loaded. Reload the page.</p>
      ) : (
        candles.value.length === 0 && <p class="empty over">{noneYet('candles', awaitedFrom.value)}</p>
      )}
    </Panel>
  );
}

/** The values of the candle that is pointed at, or of the newest one. */
function Legend() {
  const kline = candleAt(candles.value, cursorTime.value) ?? candles.value.at(-1);
  if (kline === undefined) return <p class="candle-legend" />;
  const percent = changeOf(kline);
  const isDay = kline.interval === '1d';
  const at = isDay
    ? new Date(kline.open_time).toISOString().slice(0, 10)
    : `${day(kline.open_time)} ${shortClock(kline.open_time)}`;
  return (
    <p class="candle-legend">
      <time>{at}</time>
      {(['open', 'high', 'low', 'close'] as const).map((name) => (
        <span key={name}>
          <abbr title={name}>{name.slice(0, 1).toUpperCase()}</abbr> {amount(kline[name])}
        </span>
      ))}
      <span class={changeClass(percent)}>{change(percent)}</span>
      <span>
        <abbr title="volume">V</abbr> {compact(kline.volume)}
      </span>
      <OlderNote />
    </p>
  );
}

function OlderNote() {
  const last = older.value;
  if (last.state === 'loading') return <span>loading older candles…</span>;
  return last.state === 'refused' ? <span class="tone-warn">no older candles: {last.reason}</span> : null;
}

function CandleChart({ library }: { readonly library: ChartLibrary }) {
  const ref = useRef<HTMLDivElement>(null);
  const drawing = useRef<CandleDrawing>(undefined);
  const atNewest = useSignal(true);
  const marks = chartMarks(selected.value ?? '', (gaps.value ?? []).filter(concerns), events.value);
  useEffect(() => {
    if (ref.current === null) return;
    const made = new CandleDrawing(library, ref.current, atNewest);
    drawing.current = made;
    const element = ref.current;
    // The listener must not be passive, because it keeps the browser from zooming the page.
    const wheel = (event: WheelEvent) => zoomByWheel(event, made);
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      element.removeEventListener('wheel', wheel);
      made.remove();
    };
  }, [library, atNewest]);
  useEffect(() => drawing.current?.showMarks(marks));
  return (
    <div class="candle-frame">
      <div
        class="candle-chart"
        ref={ref}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys zoom and move the chart
        tabIndex={0}
        aria-label={`Candles of ${selected.value ?? ''}, ${interval.value}. Keys: plus, minus, arrows, Home, End. ${marksInWords(marks)}`}
        onKeyDown={(event) => {
          if (drawing.current !== undefined && onKey(event, drawing.current)) event.preventDefault();
        }}
        onBlur={() => {
          cursorTime.value = undefined;
        }}
      />
      {!atNewest.value && (
        <button type="button" class="to-newest" onClick={() => drawing.current?.showNewest()}>
          Newest <span aria-hidden="true">⇥</span>
        </button>
      )}
    </div>
  );
}

/** Zooms with Ctrl or ⌘, around the pointer. A plain wheel scrolls the page. */
function zoomByWheel(event: WheelEvent, drawing: CandleDrawing): void {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  drawing.zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM, Math.min(1, (event.clientX - left) / width));
}

function onKey(event: KeyboardEvent, drawing: CandleDrawing): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const direction = event.key === 'ArrowLeft' ? -1 : 1;
  switch (event.key) {
    case '+':
    case '=':
      drawing.zoom(1 / ZOOM);
      return true;
    case '-':
      drawing.zoom(ZOOM);
      return true;
    case 'ArrowLeft':
    case 'ArrowRight':
      if (event.shiftKey) drawing.step(direction);
      else drawing.pan(direction * PAN);
      return true;
    case 'Home':
      drawing.showOldest();
      return true;
    case 'End':
      drawing.showNewest();
      return true;
    default:
      return false;
  }
}
