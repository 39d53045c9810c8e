import { status } from '../state/feed-state.ts';
import { isPresent } from '../state/headline.ts';
import { timeZoneName } from '../state/time-zone.ts';
import { tokenProblem } from '../state/token.ts';
import { Announcer } from './announcer.tsx';
import { EnvironmentBanner } from './banners.tsx';
import { CoinDetail, CoinFigures } from './coin-detail.tsx';
import { Coins } from './coins.tsx';
import { Header } from './header.tsx';
import { Strip } from './strip.tsx';
import { EventsPanel, TimelinePanel } from './timeline-panel.tsx';
import { useHeightAbove } from './use-size.ts';
import { Venues } from './venues.tsx';

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
  return (
    <main class="main" ref={main}>
      <div class="screen">
        <Strip />
        <Coins />
        <CoinDetail />
      </div>
      <CoinFigures />
      <div class="feed">
        <Venues />
        <TimelinePanel />
        <EventsPanel />
      </div>
    </main>
  );
}
