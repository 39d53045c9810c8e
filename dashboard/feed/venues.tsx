import { duration } from '../../src/domain/duration.ts';
import type { Asset } from '../../src/gateway/api/asset-answers.ts';
import type { Latency, SinkAnswer, Status, VenueAnswer } from '../../src/gateway/api/feed-answers.ts';
import { venuePrices, venuePricesAt } from '../coin/selected-coin.ts';
import { EnvironmentChip } from '../coins/coin-line.tsx';
import { headline, tradingState } from '../head/headline.ts';
import { now } from '../page/page-clock.ts';
import { Panel } from '../page/panel.tsx';
import { selected } from '../page/selection.ts';
import { count, NONE } from '../text/number-text.ts';
import { age, latency } from '../text/time-text.ts';
import { isOdd } from './environment.ts';
import { feedEnvironment, rowOf, status } from './feed-state.ts';
import { sinkLook, venueLook } from './part-look.ts';
import { statusAt } from './presence.ts';
import { priceDifference } from './price-difference.ts';

/** The age of younger data is not worth saying, milliseconds. */
const FRESH_MS = 2000;
const LATENCY =
  "Latency: from a trade at the venue to its receipt. It is corrected by the venue's clock, whose error may make it negative.";

/** Shows the state of the venues and sinks. */
export function Venues() {
  const overview = status.value;
  const since = now.value - statusAt.value;
  return (
    <Panel id="venues" title="Venues">
      {overview === undefined ? (
        <p class="empty">No status of the feed yet.</p>
      ) : (
        <>
          <ul class="venues">
            {overview.venues.map((venue) => (
              <VenueLine key={venue.venue} venue={venue} since={since} />
            ))}
          </ul>
          {overview.sinks.length > 0 && (
            <>
              <h3>Sinks</h3>
              <ul class="venues">
                {overview.sinks.map((sink) => (
                  <SinkLine key={sink.name} sink={sink} />
                ))}
              </ul>
            </>
          )}
          {overview.shards.length > 0 && (
            <>
              <h3>Cluster</h3>
              <p class="venue-more">{shardsText(overview.shards)}</p>
            </>
          )}
        </>
      )}
    </Panel>
  );
}

/** The shards of this instance in words, by role. */
function shardsText(shards: Status['shards']): string {
  const named = (role: Status['shards'][number]['role'], text: string): string => {
    const own = shards.filter((one) => one.role === role).map(({ shard }) => shard);
    return own.length === 0 ? '' : `${text} ${own.join(', ')}`;
  };
  const parts = [
    named('owner', 'publishes the shards'),
    named('starting', 'starts'),
    named('standby', 'is the warm standby of'),
  ];
  return `This instance ${parts.filter((part) => part !== '').join(' · ')}`;
}

function VenueLine({ venue, since }: { readonly venue: VenueAnswer; readonly since: number }) {
  const isKnown = tradingState.value !== 'unknown';
  const { kind, glyph, text } = venueLook(venue.state, isKnown);
  return (
    <li class={`venue venue-${kind}`}>
      <p class="venue-main">
        <span class="venue-name">
          {venue.venue}
          {venue.active && isKnown && <span class="chip">active</span>}
          {isOdd(venue.environment, feedEnvironment.value) && <EnvironmentChip name={venue.environment} />}
        </span>
        <span class="venue-state">
          <span aria-hidden="true">{glyph}</span> {text}
        </span>
        <PriceDifference venue={venue.venue} />
        <span class="venue-lines">
          {venue.lines !== null && (
            <>
              {venue.lines_up}/{venue.lines}
              <span class="word"> lines</span>
            </>
          )}
        </span>
        <span class="venue-age">
          {venue.age_ms !== null && venue.age_ms + since < FRESH_MS ? (
            ''
          ) : (
            <>
              <span class="word">data </span>
              {age(venue.age_ms === null ? null : venue.age_ms + since)}
            </>
          )}
        </span>
      </p>
      <p class="venue-more" title={LATENCY}>
        {moreOf(venue)}
      </p>
    </li>
  );
}

/** Shows the selected coin's price at a venue as a difference from the venue that serves it. */
function PriceDifference({ venue }: { readonly venue: string }) {
  const row = selected.value === undefined ? undefined : rowOf(selected.value);
  if (row === undefined) return <span class="venue-price" />;
  const found: NonNullable<Asset['venue_prices']>[number] | undefined = venuePrices.value?.find(
    (each) => each.venue === venue,
  );
  const { text, title, isOld } = priceDifference(found, {
    coin: row.coin,
    serving: headline.value.serving.names.length === 0 ? null : row.venue.value,
    passedMs: now.value - venuePricesAt.value,
  });
  return (
    <span class={`venue-price${isOld ? ' is-old' : ''}`} title={title}>
      {text}
    </span>
  );
}

function moreOf({ latency_ms, frames, reconnects, reason }: VenueAnswer): string {
  const parts: string[] = [];
  const timed = latency_ms?.venue_to_socket;
  if (timed) parts.push(`latency ${figures(timed)}`);
  if (frames !== null && frames > 0) parts.push(`${count(frames)} frames`);
  if (reconnects !== null && reconnects > 0) parts.push(`${count(reconnects)} reconnects`);
  if (reason !== '') parts.push(reason);
  // A gateway that only reads topics does not know the figures.
  if (parts.length === 0) return frames === null ? '' : 'nothing received yet';
  return parts.join(' · ');
}

function figures({ p50, p99 }: Latency): string {
  return `${latency(p50)}, p99 ${latency(p99)}`;
}

function SinkLine({ sink }: { readonly sink: SinkAnswer }) {
  const { kind, glyph, text } = sinkLook(sink.state, tradingState.value !== 'unknown');
  return (
    <li class={`venue venue-${kind}`}>
      <p class="venue-main">
        <span class="venue-name">{sink.name}</span>
        <span class="venue-state">
          <span aria-hidden="true">{glyph}</span> {text}
        </span>
        <span class="venue-price" />
        <span class="venue-lines">lag {sink.queued === null ? NONE : duration(sink.lag_ms ?? 0)}</span>
        <span class="venue-age">queue {sink.queued === null ? NONE : count(sink.queued)}</span>
      </p>
      <p class="venue-more">
        {sink.delivered === null ? '' : `${count(sink.delivered)} delivered`}
        {sink.dropped ? ` · ${count(sink.dropped)} dropped` : ''}
        {sink.reason === '' || sink.state === 'up' ? '' : ` · ${sink.reason}`}
      </p>
    </li>
  );
}
