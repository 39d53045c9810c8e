import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  ITimeScaleApi,
  SeriesAttachedParameter,
  Time,
  UTCTimestamp,
} from 'lightweight-charts';
import type { ChartMark } from './chart-marks.ts';

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0];

/** Width of a stripe of the hatching over a gap, and of the space after it, CSS pixels. */
const STRIPE = 4;
/** Where the texts are, as a part of the height: between the candles and the volumes. */
const TEXT_AT = 0.805;

type Colors = Readonly<Record<ChartMark['kind'] | 'ground', string>>;

/** Draws the marks behind the candles: a hatched area for a gap, a dashed line for a switch, each with its text. */
export class MarkPainter implements ISeriesPrimitive<Time> {
  #marks: readonly ChartMark[] = [];
  #colors: Colors = { gap: '', switch: '', ground: '' };
  #font = '';
  #scale: ITimeScaleApi<Time> | undefined;
  #requestUpdate: () => void = () => {};
  readonly #views: readonly IPrimitivePaneView[] = [
    { zOrder: () => 'bottom', renderer: () => ({ draw: (target) => this.#drawShapes(target) }) },
    { zOrder: () => 'top', renderer: () => ({ draw: (target) => this.#drawTexts(target) }) },
  ];

  attached({ chart, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.#scale = chart.timeScale();
    this.#requestUpdate = requestUpdate;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  show(marks: readonly ChartMark[]): void {
    this.#marks = marks;
    this.#requestUpdate();
  }

  paint(colors: Colors, fontFamily: string): void {
    this.#colors = colors;
    this.#font = `11px ${fontFamily}`;
    this.#requestUpdate();
  }

  #drawShapes(target: Target): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const { kind, left, right } of this.#placed(mediaSize.width)) {
        context.fillStyle = this.#colors[kind];
        context.strokeStyle = this.#colors[kind];
        if (kind === 'gap') hatch(context, left, right, mediaSize.height);
        else dash(context, left, mediaSize.height);
      }
    });
  }

  #drawTexts(target: Target): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.font = this.#font;
      // A text that would overlap the one before moves up.
      let textEnds = [0, 0];
      for (const { kind, left, text } of this.#placed(mediaSize.width)) {
        const width = context.measureText(text).width;
        const start = left + 5 + width < mediaSize.width ? left + 5 : Math.max(0, left - 5 - width);
        const row = Math.max(
          0,
          textEnds.findIndex((end) => end < start),
        );
        const baseline = mediaSize.height * TEXT_AT - row * 15;
        context.fillStyle = this.#colors.ground;
        context.fillRect(start - 2, baseline - 11, width + 4, 14);
        context.fillStyle = this.#colors[kind];
        context.fillText(text, start, baseline);
        textEnds = textEnds.map((end, at) => (at === row ? start + width + 8 : end));
      }
    });
  }

  /** The marks on the screen with their places, CSS pixels. */
  #placed(width: number) {
    const visible = this.#scale?.getVisibleRange();
    if (visible === null || visible === undefined) return [];
    return this.#marks
      .filter(({ to }) => to / 1000 >= Number(visible.from))
      .map((mark) => {
        const left = this.#x(mark.from);
        return { ...mark, left, right: Math.max(left + 3, this.#x(mark.to)) };
      })
      .filter(({ left }) => left <= width);
  }

  /** The place of the candle that is nearest to a time, CSS pixels. */
  #x(ms: number): number {
    const index = this.#scale?.timeToIndex(Math.floor(ms / 1000) as UTCTimestamp, true);
    const place = index === null || index === undefined ? null : this.#scale?.logicalToCoordinate(index as never);
    return place ?? 0;
  }
}

function hatch(context: CanvasRenderingContext2D, left: number, right: number, height: number): void {
  context.globalAlpha = 0.16;
  context.fillRect(left, 0, right - left, height);
  context.globalAlpha = 0.7;
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, height);
  context.clip();
  context.beginPath();
  for (let y = -(right - left); y < height; y += 2 * STRIPE) {
    context.moveTo(left, y + (right - left));
    context.lineTo(right, y);
  }
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}

function dash(context: CanvasRenderingContext2D, at: number, height: number): void {
  context.globalAlpha = 1;
  context.setLineDash([4, 3]);
  context.beginPath();
  context.moveTo(Math.round(at) + 0.5, 0);
  context.lineTo(Math.round(at) + 0.5, height);
  context.stroke();
  context.setLineDash([]);
}
