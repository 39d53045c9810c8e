import { CoinDetail, CoinFigures } from '../coin/coin-detail.tsx';
import { Coins } from '../coins/coins.tsx';
import { EventsPanel } from '../events/events-panel.tsx';
import { status } from '../feed/feed-state.ts';
import { isPresent } from '../feed/presence.ts';
import { Venues } from '../feed/venues.tsx';
import { Announcer } from '../head/announcer.tsx';
import { EnvironmentBanner } from '../head/banners.tsx';
import { Header } from '../head/header.tsx';
import { Strip } from '../head/strip.tsx';
import { tokenProblem } from '../link/token.ts';
import { timeZoneName } from '../text/time-zone.ts';
import { TimelinePanel } from '../timeline/timeline-panel.tsx';
import { useAfterPaint } from './use-after-paint.ts';
import { useHeightAbove } from './use-size.ts';

export function App() {
  const lost = !isPresent.value && status.value !== undefined;
  // Without an answer, the panels would say that nothing has happened.
  const refused = tokenProblem.value !== undefined && status.value === undefined;
  return (
    <div class={`app${lost ? ' is-lost' : ''}`}>
      <a class="skip" href="#coin-title">
        Skip to the selected coin
      </a>
      <Header />
      <EnvironmentBanner />
      <Announcer />
      {!refused && <Main />}
      <footer class="foot">
        <p>
          <a href="/docs">API</a> · <a href="/metrics">metrics</a> · times in {timeZoneName()}
        </p>
        <p>
          Charts: <a href="https://www.tradingview.com/">TradingView</a> Lightweight Charts™ © 2025 TradingView, Inc.
        </p>
      </footer>
    </div>
  );
}

function Main() {
  const main = useHeightAbove<HTMLElement>();
  // The prices come first, because the other panels take longer.
  const pricesPainted = useAfterPaint(status.value !== undefined);
  return (
    <main class="main" ref={main}>
      <div class="screen">
        <Strip />
        <Coins />
        {pricesPainted && <CoinDetail />}
      </div>
      {pricesPainted && (
        <>
          <CoinFigures />
          <div class="feed">
            <Venues />
            <TimelinePanel />
            <EventsPanel />
          </div>
        </>
      )}
    </main>
  );
}
