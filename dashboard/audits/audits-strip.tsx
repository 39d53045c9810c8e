import { cursorTime } from '../page/cursor.ts';
import { useWidth } from '../page/use-size.ts';
import { audits } from './coin-audits.ts';
import {
  type AuditVerdict,
  cellsOf,
  cellText,
  type MinuteCell,
  type MinuteSummary,
  summaryOf,
} from './minute-cells.ts';
import { barPath } from './minute-shapes.ts';

/** Height of a row of minutes, and the room between two rows, CSS pixels. */
const HEIGHT = 16;
const BETWEEN = 4;
/** A strip with less room has two rows, so that the shapes of the bars stay visible. CSS pixels. */
const TWO_ROWS_BELOW = 560;
const MINUTE_MS = 60_000;
/** The minutes that the keys Page Up and Page Down move by. */
const PAGE = 10;

/** Shows of each of the last 120 minutes whether the selected coin's trades are complete. */
export function AuditsStrip({ coin }: { readonly coin: string }) {
  const cells = audits.value === undefined ? undefined : cellsOf(audits.value);
  const at = cells === undefined ? -1 : pointedAt(cells);
  const pointed = cells?.[at];
  return (
    <section class="panel audits" aria-labelledby="audits-title">
      <div class="audits-head">
        <h2 id="audits-title" title="Whether the trades of each of the last 120 minutes are complete">
          Completeness
        </h2>
        <div class="audits-text">
          {/* It keeps its room while a minute is described, so that nothing moves. */}
          <p class={pointed === undefined ? undefined : 'is-away'}>
            {cells === undefined ? 'Not known yet.' : <Summary {...summaryOf(cells)} />}
          </p>
          {pointed !== undefined && <p class="audits-minute">{cellText(pointed)}</p>}
        </div>
      </div>
      <Bars coin={coin} cells={cells ?? []} at={at} />
    </section>
  );
}

/** `118 of 120 minutes proven, 2 healed`: a legend of the bars, too. */
function Summary({ audited, parts }: MinuteSummary) {
  if (audited === 0) return <>No minute is audited yet.</>;
  return (
    <>
      {parts.map(({ verdict, count, word }, index) => (
        <span key={verdict} class="audits-count">
          <svg class={`minute-${verdict}`} width="6" height="12" aria-hidden="true">
            <path d={barPath(verdict, { x: 0, y: 0, width: 6, height: 12 })} />
          </svg>{' '}
          {count}
          {index === 0 && ` of ${audited} minute${audited === 1 ? '' : 's'}`} {word}
          {index < parts.length - 1 && ','}{' '}
        </span>
      ))}
    </>
  );
}

interface BarsProps {
  readonly coin: string;
  readonly cells: readonly MinuteCell[];
  /** The minute that is pointed at; -1: none. */
  readonly at: number;
}

/** The bars of the minutes. Arrow keys and the pointer choose a minute. */
function Bars({ coin, cells, at }: BarsProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const rows = width < TWO_ROWS_BELOW ? 2 : 1;
  const columns = Math.ceil(cells.length / rows);
  const step = width / Math.max(1, columns);
  const placeOf = (index: number) => ({
    x: (index % columns) * step,
    y: Math.floor(index / columns) * (HEIGHT + BETWEEN),
    width: step - (step > 4 ? 1.5 : 0.8),
    height: HEIGHT,
  });
  const shown = cells[at] ?? cells.at(-1);
  const indexAt = (event: PointerEvent & { readonly currentTarget: HTMLElement }): number => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const row = Math.min(rows - 1, Math.max(0, Math.floor((event.clientY - top) / (HEIGHT + BETWEEN))));
    const column = Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - left) / step)));
    return row * columns + column;
  };
  const point = (index: number): void => {
    cursorTime.value = cells[Math.min(Math.max(index, 0), cells.length - 1)]?.minute;
  };
  const leave = (): void => {
    cursorTime.value = undefined;
  };
  return (
    <div
      ref={ref}
      class="audits-bars"
      role="slider"
      tabIndex={0}
      aria-label={`Completeness of the last 120 minutes of ${coin}, by minute`}
      aria-readonly="true"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, cells.length - 1)}
      aria-valuenow={at === -1 ? Math.max(0, cells.length - 1) : at}
      aria-valuetext={shown === undefined ? 'not known yet' : cellText(shown)}
      onPointerMove={(event) => point(indexAt(event))}
      onPointerDown={(event) => point(indexAt(event))}
      onPointerLeave={({ pointerType }) => {
        // A finger leaves at once; what it chose stays until the strip loses the focus.
        if (pointerType !== 'touch') leave();
      }}
      onBlur={leave}
      onKeyDown={(event) => {
        const next = nextIndex(event.key, at === -1 ? cells.length : at);
        if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        point(next);
      }}
    >
      {width > 0 && (
        <svg width={width} height={rows * HEIGHT + (rows - 1) * BETWEEN} aria-hidden="true">
          {pathsOf(cells, placeOf).map(([verdict, path]) => (
            <path key={verdict} class={`minute-${verdict}`} d={path} />
          ))}
          {at !== -1 && <rect class="minute-pointed" {...placeOf(at)} />}
        </svg>
      )}
    </div>
  );
}

/** The cell at the page's cursor; -1: the cursor is nowhere, or at a time without a cell. */
function pointedAt(cells: readonly MinuteCell[]): number {
  const at = cursorTime.value;
  return at === undefined ? -1 : cells.findIndex(({ minute }) => minute <= at && at < minute + MINUTE_MS);
}

/** One path for each verdict, because 120 elements would take longer to paint. */
function pathsOf(
  cells: readonly MinuteCell[],
  placeOf: (index: number) => Parameters<typeof barPath>[1],
): readonly (readonly [AuditVerdict, string])[] {
  const paths = new Map<AuditVerdict, string>();
  for (const [index, { verdict }] of cells.entries())
    if (verdict !== 'none') paths.set(verdict, (paths.get(verdict) ?? '') + barPath(verdict, placeOf(index)));
  return [...paths];
}

function nextIndex(key: string, at: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageUp: at + PAGE,
    PageDown: at - PAGE,
    Home: 0,
    End: Number.MAX_SAFE_INTEGER,
  };
  return steps[key];
}
