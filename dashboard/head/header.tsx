import { showGaps } from '../events/events-panel.tsx';
import { environment } from '../feed/feed-state.ts';
import { statusAt } from '../feed/presence.ts';
import { connectNow, link } from '../link/link.ts';
import { tokenProblem } from '../link/token.ts';
import { TokenForm } from '../link/token-form.tsx';
import { feedTime, now } from '../page/page-clock.ts';
import { theme, toggleTheme } from '../page/theme.ts';
import { age, clock } from '../text/time-text.ts';
import { timeZone, timeZoneName, toggleTimeZone } from '../text/time-zone.ts';
import { alertsOn, toggleAlerts } from './alerts.ts';
import { headline } from './headline.ts';

const TRADING = {
  allowed: { glyph: '✓', tone: 'is-good' },
  halted: { glyph: '■', tone: 'is-bad' },
  unknown: { glyph: '?', tone: 'is-unknown' },
} as const;

/** The headline. It stays in view, and its height does not change, so nothing below it moves. */
export function Header() {
  return (
    <header class="head">
      <div class="top">
        <h1 class="brand">
          <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
            <path d="M2 20h6l4-14 6 20 5-12h7" />
          </svg>
          <span class="word">market-feed</span>
        </h1>
        <EnvironmentBadge />
        <TradingBadge />
        <span class="spring" />
        <Clock />
        <AlertsButton />
        <button
          type="button"
          class="theme"
          onClick={toggleTheme}
          aria-label={`${theme.value} theme; switch to the other`}
        >
          <span aria-hidden="true">{theme.value === 'dark' ? '☾' : '☀'}</span>
        </button>
      </div>
      <div class="headline-more">
        {tokenProblem.value === undefined ? (
          <>
            <Link />
            <Venue />
            <Parts />
          </>
        ) : (
          <TokenForm />
        )}
      </div>
    </header>
  );
}

function EnvironmentBadge() {
  const name = environment.value;
  if (name === undefined) return null;
  return <span class={`badge environment ${name === 'production' ? 'is-production' : 'is-test'}`}>{name}</span>;
}

function TradingBadge() {
  const { state, text } = headline.value.trading;
  const { glyph, tone } = TRADING[state];
  return (
    <span class={`badge trading headline-trading ${tone}`} title={text}>
      <span aria-hidden="true">{glyph}</span> {text}
    </span>
  );
}

function Venue() {
  const { serving, lagText } = headline.value;
  return (
    <>
      <span class="headline-venue">
        <span class="label">venue</span> <strong>{serving.names[0] ?? ''}</strong>
        {serving.text.slice(serving.names[0]?.length ?? 0)}
      </span>
      {lagText !== '' && (
        <span>
          <span class="label">event lag</span> {lagText}
        </span>
      )}
    </>
  );
}

/** What is missing. Each part leads to its list; dead letters have no list on the page. */
function Parts() {
  return (
    <>
      {headline.value.missing.map(({ type, text }, at, all) => {
        // Without the text, so that the button keeps the focus when a count changes.
        const key = `${type} ${at - all.findIndex((part) => part.type === type)}`;
        const tone = `headline-part ${type === 'sink' || type === 'dropped' ? 'is-bad' : 'is-warn'}`;
        return type === 'dead_letters' ? (
          <span key={key} class={tone} title={DEAD_LETTERS}>
            {text}
          </span>
        ) : (
          <button key={key} type="button" class={tone} title={`${text}. Show the list`} onClick={() => showList(type)}>
            {text}
          </button>
        );
      })}
    </>
  );
}

const DEAD_LETTERS = 'The topic dead-letters has them: market-feed tail dead-letters';
const PANELS = { sink: 'venues', dropped: 'venues', gaps: 'events', halted: 'coins' } as const;

function showList(type: keyof typeof PANELS): void {
  if (type === 'gaps') showGaps();
  document.getElementById(`${PANELS[type]}-title`)?.scrollIntoView({ block: 'nearest' });
}

/** Shown only while this page is not connected to the gateway. */
function Link() {
  const { state, retryAt } = link.value;
  if (state === 'open') return null;
  const since = statusAt.value === 0 ? '' : ` ${age(now.value - statusAt.value)}`;
  const next =
    retryAt === undefined ? 'connecting…' : `next try in ${Math.max(0, Math.ceil((retryAt - now.value) / 1000))} s`;
  return (
    <span class="link">
      {state === 'waiting' ? (
        'waiting for the gateway…'
      ) : (
        <>
          <span aria-hidden="true">✕</span>
          {retryAt !== undefined && (
            <button type="button" onClick={connectNow}>
              Try now
            </button>
          )}{' '}
          page offline{since} · {next}
        </>
      )}
    </span>
  );
}

function AlertsButton() {
  const on = alertsOn.value;
  return (
    <button
      type="button"
      class="theme"
      onClick={toggleAlerts}
      aria-pressed={on}
      aria-label="Alerts: sound and notification when trading is halted"
      title={`Sound and notification when trading is halted: ${on ? 'on' : 'off'}`}
    >
      <svg
        viewBox="0 0 16 16"
        width="15"
        height="15"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        aria-hidden="true"
      >
        <path d="M3 12h10c-1.2-1.3-1.5-2.6-1.5-5a3.5 3.5 0 0 0-7 0c0 2.4-.3 3.7-1.5 5zM6.5 14.2h3" />
        {on ? null : <path d="M2 2l12 12" />}
      </svg>
    </button>
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
