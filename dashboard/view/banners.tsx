import { type Environment, testDataOf } from '../model/environment.ts';
import { environment, rows, status, statusAt, trading } from '../state/feed-state.ts';
import { link, receivedAt } from '../state/link.ts';
import { now } from '../state/page-clock.ts';
import { age } from '../text/time-text.ts';
import { TokenForm } from './token-form.tsx';

const WORDS: Readonly<Record<Exclude<Environment, 'production'>, string>> = {
  simulated: 'Simulated data. These are not market prices.',
  testnet: 'Testnet data. These are not market prices.',
  replay: 'Replay of recorded data. These are not present prices.',
};

/** The feed sends a heartbeat each second. After this time without one, the last state counts as old. */
const FEED_SILENT_MS = 5000;

/** Shows the most important warnings above everything else. */
export function Banners() {
  return (
    <div class="banners">
      <EnvironmentBanner />
      <TokenForm />
      <LinkBanner />
      <FeedBanner />
    </div>
  );
}

function EnvironmentBanner() {
  const name = environment.value;
  if (name === undefined || name === 'production') return null;
  const coins = testDataOf(rows.value.map((row) => ({ coin: row.coin, environment: row.environment.value })));
  return (
    <p class="banner is-test">
      <strong>{name}</strong> {WORDS[name]}
      {coins.length > 0 && ` This is about ${coins.join(', ')}.`}
    </p>
  );
}

function LinkBanner() {
  if (link.value.state === 'open') return null;
  if (link.value.opened === 0 && status.value === undefined)
    return <p class="banner is-info">Connecting to the gateway…</p>;
  return (
    <p class="banner is-bad">
      <strong>Not connected</strong> Everything below is {age(now.value - (statusAt.value || receivedAt))} old.
      Connecting again…
    </p>
  );
}

function FeedBanner() {
  const overview = status.value;
  const state = trading.value;
  if (overview === undefined || state === undefined || link.value.state !== 'open') return null;
  const silent = overview.silent_ms === null ? 0 : overview.silent_ms + now.value - statusAt.value;
  if (silent > FEED_SILENT_MS)
    return (
      <p class="banner is-bad">
        <strong>The feed is silent</strong> No heartbeat for {age(silent)}.
      </p>
    );
  if (state.state !== 'allowed')
    return (
      <p class="banner is-bad">
        <strong>Trading halted</strong> {state.reason}
      </p>
    );
  if (overview.halted.length > 0)
    return (
      <p class="banner is-warn">
        <strong>Halted</strong> {overview.halted.join(', ')}
      </p>
    );
  return null;
}
