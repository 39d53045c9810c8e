import { tradeKey } from '../model/recent-trades.ts';
import { large, missed, tape } from '../state/selected-coin.ts';
import { amount, count, placesOf } from '../text/number-text.ts';
import { clock } from '../text/time-text.ts';
import { Panel } from './panel.tsx';

/** Shows time and sales, newest first. */
export function Tape({ stale }: { readonly stale?: string | undefined }) {
  const trades = tape.value;
  const places = {
    price: Math.max(0, ...trades.map(({ price }) => placesOf(price))),
    quantity: Math.max(0, ...trades.map(({ quantity }) => placesOf(quantity))),
  };
  return (
    <Panel
      id="tape"
      title="Time and sales"
      staleReason={stale}
      tools={
        <span class="note">
          {missed.value > 0 ? `${count(missed.value)} left out: this page is too slow` : '12×: times the mean'}
        </span>
      }
    >
      {trades.length === 0 ? (
        <p class="empty">No trade yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="scroll" tabIndex={0} aria-label="Trades, newest first">
          <table class="tape">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Side</th>
                <th scope="col">Price</th>
                <th scope="col">Quantity</th>
              </tr>
            </thead>
            <tbody>
              {trades.map((trade, at) => {
                const multiple = large.value.get(tradeKey(trade));
                const bought = !trade.is_buyer_maker;
                const newer = trades[at - 1];
                return [
                  newer !== undefined && newer.venue !== trade.venue && (
                    <tr key={`switch ${tradeKey(newer)}`} class="tape-switch">
                      <td colSpan={4}>
                        ↑ {newer.venue} · {trade.venue} ↓
                      </td>
                    </tr>
                  ),
                  <tr key={tradeKey(trade)} class={multiple === undefined ? undefined : 'is-large'}>
                    <td>{clock(trade.timestamp)}</td>
                    <td class={bought ? 'is-up' : 'is-down'}>{bought ? '▲ buy' : '▼ sell'}</td>
                    <td>{amount(trade.price, places.price)}</td>
                    <td>
                      {multiple !== undefined && <span class="chip is-large">{Math.round(multiple)}×</span>}
                      {trade.source === 'backfill' && <span class="chip">late</span>}
                      {amount(trade.quantity, places.quantity)}
                    </td>
                  </tr>,
                ];
              })}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}
