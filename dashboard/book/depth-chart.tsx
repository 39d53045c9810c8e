import type { Book } from '../../src/gateway/api/asset-answers.ts';
import { Panel } from '../page/panel.tsx';
import { useWidth } from '../page/use-size.ts';
import { amount, compact, placesOf } from '../text/number-text.ts';
import { depthShape } from './depth-shape.ts';

const HEIGHT = 150;

interface DepthChartProps {
  readonly book: Book | undefined;
  /** The text if there is no book. */
  readonly none: string;
  readonly stale?: string | undefined;
}

/** Shows the quantity to buy or sell that moves the price to each level. */
export function DepthChart({ book, none, stale }: DepthChartProps) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const shape = book === undefined || width === 0 ? undefined : depthShape(book, width, HEIGHT);
  const places = Math.max(0, ...(book?.bids.slice(0, 5) ?? []).map(({ price }) => placesOf(price)));
  return (
    <Panel id="depth" title="Depth" staleReason={stale}>
      <div class="depth" ref={ref}>
        {shape === undefined || book === undefined ? (
          <p class="empty">{none}</p>
        ) : (
          <>
            <svg width={width} height={HEIGHT} role="img" aria-label="Depth of both sides around the mid price">
              <path class="bid-area" d={shape.bids} />
              <path class="ask-area" d={shape.asks} />
              <line class="mid-line" x1={width / 2} x2={width / 2} y1="0" y2={HEIGHT} />
            </svg>
            <p class="depth-most">
              <span>
                up to {compact(shape.most.toFixed(3))} {book.coin}
              </span>
            </p>
            <p class="depth-axis">
              <span>{amount(shape.low.toFixed(places))}</span>
              <span>{amount(book.mid, places)}</span>
              <span>{amount(shape.high.toFixed(places))}</span>
            </p>
          </>
        )}
      </div>
    </Panel>
  );
}
