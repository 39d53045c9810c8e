import { useComputed } from '@preact/signals';
import { type Environment, isOdd } from '../feed/environment.ts';
import { feedEnvironment } from '../feed/feed-state.ts';
import { now } from '../page/page-clock.ts';
import { hrefOf, selected } from '../page/selection.ts';
import { amount, change, rate } from '../text/number-text.ts';
import { shortAge } from '../text/time-text.ts';
import type { CoinRow } from './coin-row.ts';
import { active, choose } from './coin-scroll.ts';
import { FlowBar } from './flow-bar.tsx';
import { polyline } from './polyline.ts';

const TREND = { width: 60, height: 16 };

interface CoinLineProps {
  readonly row: CoinRow;
  /** Position in the list, from 0. */
  readonly index: number;
  /** True if the Tab key reaches this row. */
  readonly isTabStop: boolean;
}

/** A coin's row. Ticks change only the texts inside. */
export function CoinLine({ row, index, isTabStop }: CoinLineProps) {
  const price = useComputed(() => amount(row.price.value, row.places.value));
  const priceClass = useComputed(
    () => `price ${directionClass(row.direction.value)}${row.flash.value ? ' is-flashing' : ''}`,
  );
  const arrow = useComputed(() => (row.direction.value > 0 ? '▲' : row.direction.value < 0 ? '▼' : ''));
  const moved = useComputed(() => change(row.change.value));
  const movedClass = useComputed(() => `c-change ${changeClass(row.change.value)}`);
  const points = useComputed(() => polyline(row.sparkline.value.map(Number), TREND.width, TREND.height - 2));
  const trades = useComputed(() => rate(row.tradesPerSecond.value));
  const venue = useComputed(() => row.venue.value ?? '–');
  const since = useComputed(() =>
    shortAge(row.seenAt.value === null ? null : Math.max(0, now.value - row.seenAt.value)),
  );
  const rowClass = useComputed(
    () => `${selected.value === row.symbol ? 'is-selected' : ''}${row.stale.value ? ' is-stale' : ''}`,
  );
  const current = useComputed(() => (selected.value === row.symbol ? 'true' : undefined));
  const odd = useComputed(() => isOdd(row.environment.value, feedEnvironment.value));
  const title = useComputed(() => (row.haltReason.value === null ? row.coin : `halted: ${row.haltReason.value}`));
  const staleMark = useComputed(() => (row.haltReason.value !== null ? '■' : row.stale.value ? '◐' : ''));
  const staleWord = useComputed(() => (row.haltReason.value !== null ? ', halted' : row.stale.value ? ', stale' : ''));
  return (
    <tr
      class={rowClass}
      aria-rowindex={index + 2}
      onClick={(event) => {
        // With these keys, the link opens elsewhere.
        if (!event.ctrlKey && !event.metaKey) choose(row.symbol);
      }}
    >
      <th class="c-coin" scope="row" title={title}>
        <a
          href={hrefOf(row.symbol)}
          data-symbol={row.symbol}
          aria-current={current}
          tabIndex={isTabStop ? undefined : -1}
          onFocus={() => {
            active.value = row.symbol;
          }}
        >
          {row.coin}
        </a>
        <span class="stale-mark" aria-hidden="true">
          {staleMark}
        </span>
        <span class="unseen">{staleWord}</span>
        {odd.value && <EnvironmentChip name={row.environment.value} />}
      </th>
      <td class="c-price">
        <span class={priceClass}>
          {price}
          <span class="arrow" aria-hidden="true">
            {arrow}
          </span>
        </span>
      </td>
      <td class={movedClass}>{moved}</td>
      <td class="c-trend">
        <svg viewBox={`0 0 ${TREND.width} ${TREND.height}`} preserveAspectRatio="none" aria-hidden="true">
          <polyline points={points} transform="translate(0 1)" />
        </svg>
      </td>
      <td class="c-trades">{trades}</td>
      <td class="c-flow">
        <FlowBar ratio={row.buyRatio} flow={row.flow} />
      </td>
      <td class="c-venue">{venue}</td>
      <td class="c-age">{since}</td>
    </tr>
  );
}

/** Shows the environment of a coin or venue. */
export function EnvironmentChip({ name }: { readonly name: Environment | null }) {
  return <span class={`chip environment-chip${name === 'production' ? '' : ' is-test'}`}>{name}</span>;
}

export function directionClass(direction: number): string {
  return direction > 0 ? 'is-up' : direction < 0 ? 'is-down' : '';
}

export function changeClass(value: string | null): string {
  return value === null || value === '0' ? '' : value.startsWith('-') ? 'is-down' : 'is-up';
}
