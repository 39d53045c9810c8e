import type { VolumeProfileAnswer } from '../../src/gateway/api/asset-answers.ts';
import { noneYet } from '../feed/state-text.ts';
import { Panel } from '../page/panel.tsx';
import { compact, count, percent, placesOf, rounded } from '../text/number-text.ts';
import { Figure } from './coin-head.tsx';
import { awaitedFrom, volumeProfile } from './selected-coin.ts';

type ShownProfile = VolumeProfileAnswer['profile'];

const SIZE = { width: 300, height: 150 };

/** Shows the volume by price of the trades that the gateway remembers. */
export function VolumeProfile({ places, stale }: { readonly places: number; readonly stale?: string | undefined }) {
  const shown = volumeProfile.value?.profile;
  return (
    <Panel id="profile" title="Volume profile" staleReason={stale}>
      {shown === undefined ? (
        <p class="empty">{noneYet('volume profile', awaitedFrom.value)}</p>
      ) : (
        <Bars shown={shown} places={places} />
      )}
    </Panel>
  );
}

function Bars({ shown, places }: { readonly shown: ShownProfile; readonly places: number }) {
  const { bins, point_of_control: control, value_area: area, trades } = shown;
  const most = Number(control.volume) || 1;
  const step = SIZE.height / bins.length;
  const within = (low: string) => Number(low) >= Number(area.low) && Number(low) < Number(area.high);
  const shownPlaces = Math.max(places, Math.min(placesOf(control.low), places + 1));
  const price = (value: string) => rounded(value, shownPlaces);
  return (
    <div class="profile">
      <svg
        viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Volume by price: most at ${price(control.low)}, value area ${price(area.low)} to ${price(area.high)}`}
      >
        {bins.map((bin, at) => {
          const y = SIZE.height - (at + 1) * step;
          const bought = (Number(bin.buy_volume) / most) * SIZE.width;
          const sold = (Number(bin.sell_volume) / most) * SIZE.width;
          const kind = bin.low === control.low ? 'is-control' : within(bin.low) ? 'is-value' : '';
          return (
            <g key={at} class={kind}>
              {kind === '' ? null : <rect class="ground" y={y} width={SIZE.width} height={step} />}
              <rect class="bought" y={y} width={bought} height={Math.max(0.5, step - 0.6)} />
              <rect class="sold" x={bought} y={y} width={sold} height={Math.max(0.5, step - 0.6)} />
            </g>
          );
        })}
      </svg>
      <dl class="figures">
        <Figure name="Point of control">{price(control.low)}</Figure>
        <Figure name={`Value area ${percent(area.share)}`}>
          {price(area.low)} – {price(area.high)}
        </Figure>
        <Figure name="Volume">{compact(shown.volume)}</Figure>
        <Figure name="Trades">{count(trades)}</Figure>
      </dl>
    </div>
  );
}
