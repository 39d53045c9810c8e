import { useComputed, useSignal } from '@preact/signals';
import { canonicalDecimal, type Decimal, isPositive } from '../../src/domain/decimal.ts';
import type { GapJson, LargeTradeJson, TradeJson } from '../../src/gateway/api/record-schema.ts';
import { quoteOf } from '../coin/coin-head.tsx';
import { concerns } from '../coin/of-selected.ts';
import { large, missed, tape } from '../coin/selected-coin.ts';
import type { CoinRow } from '../coins/coin-row.ts';
import { gaps } from '../feed/feed-state.ts';
import { Choice } from '../page/choice.tsx';
import { Panel } from '../page/panel.tsx';
import { amount, count, placesOf, rounded } from '../text/number-text.ts';
import { clock } from '../text/time-text.ts';
import { sizeIn, sizePlaces } from './book-size.ts';
import { sizeUnit } from './coin-book.ts';
import { MAX_TRADES, tradeKey } from './recent-trades.ts';
import { isAtLeast, type MissedTrades, tapeRows } from './tape-rows.ts';

/** Rows of trades. */
const SHOWN = 60;

const KINDS = [
  { value: 'all', text: 'All' },
  { value: 'large', text: 'Large' },
] as const;

interface TapeContent {
  readonly trades: readonly TradeJson[];
  readonly gaps: readonly GapJson[];
  readonly missed: readonly MissedTrades[];
}

interface TapeProps {
  readonly row: CoinRow;
  readonly stale?: string | undefined;
}

/** Shows time and sales, newest first. The list stands still while the pointer is on it, or after Freeze. */
export function Tape({ row, stale }: TapeProps) {
  const kind = useSignal<(typeof KINDS)[number]['value']>('all');
  const asked = useSignal('');
  const least = leastOf(asked.value);
  const unit = sizeUnit.value;
  const wanted = isAtLeast(least ?? undefined, unit);
  const all = useComputed<TapeContent>(() => ({
    trades: kind.value === 'all' ? tape.value : [...large.value.values()].reverse(),
    gaps: (gaps.value ?? []).filter(concerns),
    missed: missed.value,
  }));
  /** What was known when the list was frozen. */
  const frozen = useSignal<TapeContent | undefined>(undefined);
  const isPinned = useSignal(false);
  const freeze = (pinned: boolean): void => {
    isPinned.value = pinned;
    frozen.value ??= all.peek();
  };
  const release = (): void => {
    isPinned.value = false;
    frozen.value = undefined;
  };
  const shown = frozen.value ?? all.value;
  const trades = shown.trades.filter(wanted).slice(0, SHOWN);
  const waiting =
    frozen.value === undefined ? 0 : newerThan(frozen.value.trades, all.value.trades).filter(wanted).length;
  return (
    <Panel id="tape" title="Time and sales" staleReason={stale}>
      <div class="panel-bar">
        <Choice
          label="Trades"
          options={KINDS}
          value={kind.value}
          onChange={(value) => {
            release();
            kind.value = value;
          }}
        />
        <label class="least">
          <span class="label">≥</span>{' '}
          <input
            type="text"
            inputMode="decimal"
            placeholder="least size"
            aria-label={`Least size in ${unitName(row)}`}
            aria-invalid={least === null}
            value={asked.value}
            onInput={({ currentTarget }) => {
              asked.value = currentTarget.value;
            }}
          />
        </label>
        <button
          type="button"
          class={`plain freeze${frozen.value === undefined ? '' : ' is-frozen'}`}
          aria-pressed={isPinned.value}
          title={frozen.value === undefined ? 'The list stands still while the pointer is on it' : 'Newer trades wait'}
          onClick={() => (isPinned.value ? release() : freeze(true))}
        >
          {frozen.value === undefined ? 'Freeze' : `❚❚ ${waiting >= MAX_TRADES ? '1,000+' : count(waiting)} wait`}
        </button>
      </div>
      {all.value.trades.length === 0 ? (
        <p class="empty">{kind.value === 'all' ? 'No trade yet.' : 'No large trade yet.'}</p>
      ) : (
        <section
          class="scroll"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label="Trades, newest first"
          onPointerEnter={({ pointerType }) => pointerType === 'mouse' && freeze(isPinned.peek())}
          onPointerLeave={() => !isPinned.peek() && release()}
        >
          <TradeTable row={row} content={{ ...shown, trades }} />
          {trades.length === 0 && <p class="empty">No trade is that large.</p>}
        </section>
      )}
    </Panel>
  );
}

function TradeTable({ row, content }: { readonly row: CoinRow; readonly content: TapeContent }) {
  const { trades } = content;
  const unit = sizeUnit.value;
  const sizes = sizePlaces(
    unit,
    trades.map((trade) => sizeIn(unit, trade)),
  );
  const prices = Math.max(0, ...trades.map(({ price }) => placesOf(price)));
  return (
    <table class="tape">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">
            <span class="unseen">Side</span>
          </th>
          <th scope="col">Price</th>
          <th scope="col">Size {unitName(row)}</th>
          <th scope="col">
            <span class="unseen">Mark</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tapeRows(trades, content.gaps, content.missed).map((line) =>
          line.kind === 'trade' ? (
            <TradeLine
              key={line.key}
              trade={line.trade}
              large={large.value.get(line.key)}
              places={{ price: prices, size: sizes }}
            />
          ) : (
            <tr key={line.key} class={`tape-mark is-${line.kind}`}>
              <td colSpan={5}>{line.text}</td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

interface TradeLineProps {
  readonly trade: TradeJson;
  readonly large: LargeTradeJson | undefined;
  readonly places: { readonly price: number; readonly size: number };
}

function TradeLine({ trade, large: found, places }: TradeLineProps) {
  const bought = !trade.is_buyer_maker;
  return (
    <tr class={found === undefined ? undefined : 'is-large'}>
      <td>{clock(trade.timestamp)}</td>
      <td class={bought ? 'is-up' : 'is-down'}>
        <span aria-hidden="true">{bought ? '▲' : '▼'}</span>
        <span class="unseen">{bought ? 'buy' : 'sell'}</span>
      </td>
      <td class={bought ? 'is-up' : 'is-down'}>{amount(trade.price, places.price)}</td>
      <td>{rounded(sizeIn(sizeUnit.value, trade), places.size)}</td>
      <td>
        {found !== undefined && (
          <span class="chip is-large" title={`${Math.round(found.multiple)} times the mean size of the trades before`}>
            {Math.round(found.multiple)}×
          </span>
        )}
        {trade.source === 'backfill' && (
          <span class="chip" title="fetched by REST, or held until its venue became active">
            late
          </span>
        )}
      </td>
    </tr>
  );
}

function unitName(row: CoinRow): string {
  return sizeUnit.value === 'base' ? row.coin : quoteOf(row);
}

/** The least size in a text, which may have separators; undefined: none; null: the text is not a size. */
function leastOf(text: string): Decimal | undefined | null {
  const plain = text.replace(/[\s,]/g, '');
  if (plain === '') return undefined;
  const size = canonicalDecimal(plain);
  return size !== undefined && isPositive(size) ? size : null;
}

/** The trades that are not among the known ones. */
function newerThan(known: readonly TradeJson[], all: readonly TradeJson[]): readonly TradeJson[] {
  const keys = new Set(known.map(tradeKey));
  return all.filter((trade) => !keys.has(tradeKey(trade)));
}
