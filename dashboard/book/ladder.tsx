import { useSignal } from '@preact/signals';
import type { Book } from '../../src/gateway/api/asset-answers.ts';
import { quoteOf } from '../coin/coin-head.tsx';
import { directionClass } from '../coins/coin-line.tsx';
import type { CoinRow } from '../coins/coin-row.ts';
import { Choice } from '../page/choice.tsx';
import { Panel } from '../page/panel.tsx';
import { amount, percent, placesOf, rounded } from '../text/number-text.ts';
import { sizePlaces } from './book-size.ts';
import { chosenStep, sizeUnit, steps } from './coin-book.ts';
import { type Rung, rungs, shareOf } from './ladder.ts';

const LEVELS = [
  { value: 8, text: '8' },
  { value: 12, text: '12' },
  { value: 20, text: '20' },
];

interface LadderProps {
  readonly row: CoinRow;
  readonly book: Book | undefined;
  /** The text if there is no book. */
  readonly none: string;
  /** How old the book is, if that is worth saying. `stale` says it too. */
  readonly age?: string | undefined;
  readonly stale?: string | undefined;
}

/** Shows the book's best levels with their running totals as bars: asks above, bids below, the last price between. */
export function Ladder({ row, book, none, age, stale }: LadderProps) {
  const levels = useSignal(12);
  return (
    <Panel id="ladder" title="Order book" staleReason={stale} tools={!stale && <span class="note">{age}</span>}>
      <div class="panel-bar">
        <StepChoice />
        <UnitChoice row={row} />
        <Choice
          label="Levels"
          options={LEVELS}
          value={levels.value}
          onChange={(value) => {
            levels.value = value;
          }}
        />
      </div>
      {book === undefined ? <p class="empty">{none}</p> : <Rungs row={row} book={book} levels={levels.value} />}
    </Panel>
  );
}

function StepChoice() {
  const known = steps.value;
  return (
    <label>
      <span class="label">Step</span>{' '}
      <select
        value={Math.max(0, Math.min(chosenStep.value, known.length - 1))}
        onChange={({ currentTarget }) => {
          chosenStep.value = Number(currentTarget.value);
        }}
      >
        {known.map((step, index) => (
          <option key={step} value={index}>
            {step}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Chooses what sizes are shown in, of levels and trades. */
function UnitChoice({ row }: { readonly row: CoinRow }) {
  return (
    <Choice
      label="Sizes in"
      options={[
        { value: 'base', text: row.coin },
        { value: 'quote', text: quoteOf(row) },
      ]}
      value={sizeUnit.value}
      onChange={(value) => {
        sizeUnit.value = value;
      }}
    />
  );
}

interface RungsProps {
  readonly row: CoinRow;
  readonly book: Book;
  readonly levels: number;
}

function Rungs({ row, book, levels }: RungsProps) {
  const unit = sizeUnit.value;
  const asks = rungs(book.asks, unit, levels);
  const bids = rungs(book.bids, unit, levels);
  const whole = [asks.at(-1)?.total ?? '0', bids.at(-1)?.total ?? '0'].reduce((a, b) =>
    Number(a) > Number(b) ? a : b,
  );
  const all = [...asks, ...bids];
  // A side with fewer levels has empty rows, so that nothing moves.
  const rows = Array.from({ length: levels }, (_, at) => at);
  const places = {
    price: Math.max(0, ...all.map(({ price }) => placesOf(price))),
    size: sizePlaces(
      unit,
      all.map(({ size }) => size),
    ),
  };
  return (
    <table class="ladder">
      <caption class="unseen">Order book, best levels in the middle</caption>
      <thead>
        <tr>
          <th scope="col">Price</th>
          <th scope="col">Size {unit === 'base' ? row.coin : quoteOf(row)}</th>
          <th scope="col">Total</th>
        </tr>
      </thead>
      <tbody class="asks">
        {rows.toReversed().map((at) => (
          <RungLine key={at} rung={asks[at]} whole={whole} places={places} />
        ))}
      </tbody>
      <tbody class="middle">
        <tr>
          <td colSpan={3}>
            <Middle row={row} book={book} />
          </td>
        </tr>
      </tbody>
      <tbody class="bids">
        {rows.map((at) => (
          <RungLine key={at} rung={bids[at]} whole={whole} places={places} />
        ))}
      </tbody>
    </table>
  );
}

interface RungLineProps {
  readonly rung: Rung | undefined;
  readonly whole: string;
  readonly places: { readonly price: number; readonly size: number };
}

function RungLine({ rung, whole, places }: RungLineProps) {
  if (rung === undefined)
    return (
      <tr class="no-rung">
        <td colSpan={3}>{'\u00a0'}</td>
      </tr>
    );
  return (
    <tr style={{ '--share': `${(shareOf(rung.total, whole) * 100).toFixed(1)}%` }}>
      <td>{amount(rung.price, places.price)}</td>
      <td>{rounded(rung.size, places.size)}</td>
      <td>{rounded(rung.total, places.size)}</td>
    </tr>
  );
}

function Middle({ row, book }: { readonly row: CoinRow; readonly book: Book }) {
  const { spread, spread_pct, mid, imbalance } = book;
  const bids = imbalance === null ? 0.5 : (imbalance + 1) / 2;
  const direction = row.direction.value;
  return (
    <>
      <p class="spread">
        <strong class={`last-price ${directionClass(direction)}`}>
          <span class="unseen">last price </span>
          {amount(row.price.value, row.places.value)}
          <span class="arrow" aria-hidden="true">
            {direction > 0 ? '▲' : direction < 0 ? '▼' : ''}
          </span>
        </strong>
        <span title="The middle between the best bid and the best ask">
          <span class="label">mid</span> {amount(mid, row.places.value)}
        </span>
      </p>
      <p class="balance" title="Shares of the bids and asks in the volume of the known levels">
        <span class="is-up">bids {percent(bids)}</span>
        <meter class="balance-bar" min="0" max="1" value={bids} aria-label="Share of the bids in the volume" />
        <span class="is-down">asks {percent(1 - bids)}</span>
      </p>
      <p class="balance">
        <span>
          <span class="label">spread</span> {amount(spread, row.places.value)}
        </span>
        <span>{spread_pct === null ? '' : `${basisPoints(spread_pct)} bp`}</span>
      </p>
    </>
  );
}

/** Formats a percentage as basis points (hundredths of a percent), with one place; below 1, with three. */
function basisPoints(spreadPct: number): string {
  const points = spreadPct * 100;
  return points.toFixed(points < 1 ? 3 : 1);
}
