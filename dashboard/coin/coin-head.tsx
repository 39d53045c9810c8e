import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { changeClass, directionClass, EnvironmentChip } from '../coins/coin-line.tsx';
import type { CoinRow } from '../coins/coin-row.ts';
import { FlowBar } from '../coins/flow-bar.tsx';
import { environment } from '../feed/feed-state.ts';
import { now } from '../page/page-clock.ts';
import { amount, change, compact, rate } from '../text/number-text.ts';
import { age } from '../text/time-text.ts';

/** Shows the selected coin's name, price and 24-hour values. */
export function CoinHead({ row }: { readonly row: CoinRow }) {
  const price = useComputed(() => amount(row.price.value, row.places.value));
  const arrow = useComputed(() => (row.direction.value > 0 ? '▲' : row.direction.value < 0 ? '▼' : ''));
  const priceClass = useComputed(
    () => `big-price ${directionClass(row.direction.value)}${row.flash.value ? ' is-flashing' : ''}`,
  );
  const moved = useComputed(() => change(row.change.value));
  const movedClass = useComputed(() => changeClass(row.change.value));
  const volume = useComputed(() => `${compact(row.volume.value)} ${row.coin}`);
  const value = useComputed(() => `${compact(row.quoteVolume.value)} ${quoteOf(row)}`);
  const trades = useComputed(() => rate(row.tradesPerSecond.value));
  const since = useComputed(() => age(row.seenAt.value === null ? null : Math.max(0, now.value - row.seenAt.value)));
  const halted = useComputed(() => (row.haltReason.value === null ? '' : `■ Halted: ${row.haltReason.value}`));
  const venue = useComputed(() => row.venue.value ?? '–');
  const epoch = useComputed(() => (row.epoch.value > 0 ? ` · epoch ${row.epoch.value}` : ''));
  const tier = useComputed(() => (row.tier.value === null ? '' : ` · tier ${row.tier.value}`));
  return (
    <section class={`panel coin-head${row.stale.value ? ' is-stale' : ''}`} aria-labelledby="coin-title">
      <div class="coin-name">
        <h2 id="coin-title" tabIndex={-1}>
          {row.coin}
          <span class="quote">/{quoteOf(row)}</span>
        </h2>
        <p class="coin-venue">
          {venue}
          <span class="is-extra">
            {epoch}
            {tier}
          </span>
          {environment.value !== 'production' && row.environment.value !== null && (
            <EnvironmentChip name={row.environment.value} />
          )}
        </p>
      </div>
      <p class={priceClass}>
        {price}
        <span class="arrow" aria-hidden="true">
          {arrow}
        </span>
      </p>
      <dl class="coin-figures">
        <Figure name="24 h">
          <span class={movedClass}>{moved}</span>
        </Figure>
        <Figure name="Volume 24 h" extra>
          {volume}
        </Figure>
        <Figure name="Value 24 h">{value}</Figure>
        <Figure name="Trades/s" extra>
          {trades}
        </Figure>
        <Figure name="Flow" extra>
          <FlowBar ratio={row.buyRatio} flow={row.flow} />
        </Figure>
        <Figure name="Last event">{since}</Figure>
      </dl>
      {halted.value !== '' && <p class="halt-reason">{halted}</p>}
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  /** True: hidden if there is little room. */
  readonly extra?: boolean;
  readonly children: ComponentChildren;
}

export function Figure({ name, extra = false, children }: FigureProps) {
  return (
    <div class={extra ? 'is-extra' : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function quoteOf({ coin, symbol }: { readonly coin: string; readonly symbol: string }): string {
  return symbol.startsWith(coin) ? symbol.slice(coin.length) : '';
}
