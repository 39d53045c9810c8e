import type { TradeStatsJson } from '../../src/gateway/api/record-schema.ts';
import type { CoinRow } from '../coins/coin-row.ts';
import { toneOf } from '../coins/flow-bar.tsx';
import { Panel } from '../page/panel.tsx';
import { compact, count, percent, rounded } from '../text/number-text.ts';
import { shortClock } from '../text/time-text.ts';
import { Figure } from './coin-head.tsx';
import { stats } from './selected-coin.ts';

const HEIGHT = 56;
const BAR = 9;
const BARS = 30;

/** Shows the last closed minute as the feed published it, and the minutes before as bars. */
export function TradeStatistics({ row, stale }: { readonly row: CoinRow; readonly stale?: string | undefined }) {
  const places = row.places.value;
  const [latest] = stats.value;
  return (
    <Panel
      id="stats"
      title={`Trade statistics, ${row.coin}`}
      staleReason={stale}
      tools={
        latest !== undefined && (
          <span class="note">
            minute from {shortClock(latest.window_start)}
            {latest.venue === row.venue.value ? '' : `, ${latest.venue}`}
            {latest.complete ? '' : ', incomplete'}
          </span>
        )
      }
    >
      {latest === undefined ? (
        <p class="empty">The first minute is not over yet.</p>
      ) : (
        <div class="stats">
          <dl class="figures">
            <Figure name="Trades">{count(latest.trades)}</Figure>
            <Figure name="Volume">{compact(latest.volume)}</Figure>
            <Figure name="Value">{compact(latest.value)}</Figure>
            <Figure name="VWAP">{rounded(latest.vwap, places)}</Figure>
            <Figure name="High">{rounded(latest.high, places)}</Figure>
            <Figure name="Low">{rounded(latest.low, places)}</Figure>
            <Figure name="Mean quantity">{compact(latest.average_quantity)}</Figure>
            <Figure name="Bought, volume">{percent(latest.buy_ratio_volume)}</Figure>
            <Figure name="Bought, trades">{percent(latest.buy_ratio_count)}</Figure>
            <Figure name="Flow">
              <span class={toneOf(latest.flow)}>{latest.flow.replaceAll('_', ' ')}</span>
            </Figure>
            <Figure name="Volatility">{percent(latest.volatility, 3)}</Figure>
          </dl>
          <Minutes windows={stats.value.slice(0, BARS).toReversed()} />
        </div>
      )}
    </Panel>
  );
}

function Minutes({ windows }: { readonly windows: readonly TradeStatsJson[] }) {
  const most = Math.max(...windows.map(({ volume }) => Number(volume))) || 1;
  const high = (volume: string) => (Number(volume) / most) * HEIGHT;
  const x = (at: number) => (BARS - windows.length + at) * BAR;
  return (
    <figure class="minutes">
      <svg
        viewBox={`0 0 ${BAR * BARS} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Bought and sold volume of the last minutes"
      >
        {windows.map((each, at) => {
          const sold = high(each.sell_volume);
          const bought = high(each.buy_volume);
          return (
            <g key={each.window_start}>
              <rect class="sold" x={x(at)} y={HEIGHT - sold} width={BAR - 2} height={sold} />
              <rect class="bought" x={x(at)} y={HEIGHT - sold - bought} width={BAR - 2} height={bought} />
            </g>
          );
        })}
      </svg>
      <figcaption>bought over sold, by minute</figcaption>
    </figure>
  );
}
