import { activeVenue, environment, status, statusAt, trading } from '../state/feed-state.ts';
import { link, receivedAt } from '../state/link.ts';
import { feedTime, now } from '../state/page-clock.ts';
import { theme, toggleTheme } from '../state/theme.ts';
import { timeZone, timeZoneName, toggleTimeZone } from '../state/time-zone.ts';
import { age, clock } from '../text/time-text.ts';

export function Header() {
  return (
    <header class="top">
      <h1 class="brand">
        <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
          <path d="M2 20h6l4-14 6 20 5-12h7" />
        </svg>
        market-feed
      </h1>
      <EnvironmentBadge />
      <TradingBadge />
      <ActiveVenue />
      <span class="spring" />
      <LinkBadge />
      <Clock />
      <button
        type="button"
        class="theme"
        onClick={toggleTheme}
        aria-label={`${theme.value} theme; switch to the other`}
      >
        <span aria-hidden="true">{theme.value === 'dark' ? '☾' : '☀'}</span>
      </button>
    </header>
  );
}

function EnvironmentBadge() {
  const name = environment.value;
  if (name === undefined) return null;
  return <span class={`badge environment ${name === 'production' ? 'is-production' : 'is-test'}`}>{name}</span>;
}

function TradingBadge() {
  const decision = trading.value;
  // A decision from before the connection was lost no longer counts.
  if (decision === undefined || link.value.state !== 'open')
    return <span class="badge is-unknown">? trading unknown</span>;
  const allowed = decision.state === 'allowed';
  return (
    <span class={`badge trading ${allowed ? 'is-good' : 'is-bad'}`}>
      <span aria-hidden="true">{allowed ? '✓' : '■'}</span> trading {decision.state}
    </span>
  );
}

function ActiveVenue() {
  if (status.value === undefined) return null;
  return (
    <span class="active-venue">
      <span class="label">active venue</span> <strong>{activeVenue.value ?? 'none'}</strong>
    </span>
  );
}

function LinkBadge() {
  const { state } = link.value;
  const silent = now.value - receivedAt;
  if (state === 'open')
    return (
      <span class="link is-good" title="This page's own connection to the gateway">
        <span aria-hidden="true">●</span> live{silent > 2000 ? `, silent for ${age(silent)}` : ''}
      </span>
    );
  return (
    <span class="link is-bad" title="This page's own connection to the gateway">
      <span aria-hidden="true">✕</span> {state === 'connecting' ? 'connecting' : 'not connected'} ·{' '}
      {age(now.value - (statusAt.value || receivedAt))}
    </span>
  );
}

function Clock() {
  return (
    <button
      type="button"
      class="utc"
      onClick={toggleTimeZone}
      title={`Times on this page: ${timeZoneName()}. Click for ${timeZone.value === 'utc' ? 'local time' : 'UTC'}`}
    >
      <time>{clock(feedTime(now.value))}</time> {timeZone.value === 'utc' ? 'UTC' : 'local'}
    </button>
  );
}
