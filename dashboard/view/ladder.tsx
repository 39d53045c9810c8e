import { useSignal } from '@preact/signals';
import type { Book } from '../../src/gateway/api/asset-answers.ts';
import { type Rung, rungs, shareOf } from '../model/ladder.ts';
import { amount, percent, placesOf } from '../text/number-text.ts';
import { Choice } from './choice.tsx';
import { Panel } from './panel.tsx';

const LEVELS = [
  { value: 8, text: '8' },
  { value: 12, text: '12' },
  { value: 20, text: '20' },
];

interface LadderProps {
  readonly book: Book | undefined;
  /** The text if there is no book. */
  readonly none: string;
  readonly stale?: string | undefined;
}

/** Shows the book's best levels: asks above, bids below, with their running totals as bars. */
export function Ladder({ book, none, stale }: LadderProps) {
  const levels = useSignal(12);
  return (
    <Panel
      id="ladder"
      title="Order book"
      staleReason={stale}
      tools={
        <Choice
          label="Levels"
          options={LEVELS}
          value={levels.value}
          onChange={(value) => {
            levels.value = value;
          }}
        />
      }
    >
      {book === undefined ? <p class="empty">{none}</p> : <Rungs book={book} levels={levels.value} />}
    </Panel>
  );
}

function Rungs({ book, levels }: { readonly book: Book; readonly levels: number }) {
  const asks = rungs(book.asks, levels);
  const bids = rungs(book.bids, levels);
  const whole = [asks.at(-1)?.total ?? '0', bids.at(-1)?.total ?? '0'].reduce((a, b) =>
    Number(a) > Number(b) ? a : b,
  );
  const all = [...asks, ...bids];
  const places = {
    price: Math.max(0, ...all.map(({ price }) => placesOf(price))),
    quantity: Math.max(0, ...all.map(({ quantity }) => placesOf(quantity))),
  };
  return (
    <table class="ladder">
      <caption class="unseen">Order book, best levels in the middle</caption>
      <thead>
        <tr>
          <th scope="col">Price</th>
          <th scope="col">Quantity</th>
          <th scope="col">Total</th>
        </tr>
      </thead>
      <tbody class="asks">
        {asks.toReversed().map((rung, at) => (
          <RungLine key={at} rung={rung} whole={whole} places={places} />
        ))}
      </tbody>
      <tbody class="middle">
        <tr>
          <td colSpan={3}>
            <Middle book={book} places={places.price} />
          </td>
        </tr>
      </tbody>
      <tbody class="bids">
        {bids.map((rung, at) => (
          <RungLine key={at} rung={rung} whole={whole} places={places} />
        ))}
      </tbody>
    </table>
  );
}

interface RungLineProps {
  readonly rung: Rung;
  readonly whole: string;
  readonly places: { readonly price: number; readonly quantity: number };
}

function RungLine({ rung, whole, places }: RungLineProps) {
  return (
    <tr style={{ '--share': `${(shareOf(rung.total, whole) * 100).toFixed(1)}%` }}>
      <td>{amount(rung.price, places.price)}</td>
      <td>{amount(rung.quantity, places.quantity)}</td>
      <td>{amount(rung.total, places.quantity)}</td>
    </tr>
  );
}

function Middle({ book, places }: { readonly book: Book; readonly places: number }) {
  const { spread, spread_pct, mid, imbalance } = book;
  const bids = imbalance === null ? 0.5 : (imbalance + 1) / 2;
  return (
    <>
      <p class="spread">
        <span>
          <span class="label">mid</span> {amount(mid, places)}
        </span>
        <span>
          <span class="label">spread</span> {amount(spread, places)}
          {spread_pct === null ? '' : ` · ${basisPoints(spread_pct)} bp`}
        </span>
      </p>
      <p class="balance">
        <span class="is-up">bids {percent(bids)}</span>
        <meter class="balance-bar" min="0" max="1" value={bids} aria-label="Share of the bids in the volume" />
        <span class="is-down">asks {percent(1 - bids)}</span>
      </p>
    </>
  );
}

/** Formats a percentage as basis points (hundredths of a percent), with one place; below 1, with three. */
function basisPoints(spreadPct: number): string {
  const points = spreadPct * 100;
  return points.toFixed(points < 1 ? 3 : 1);
}
