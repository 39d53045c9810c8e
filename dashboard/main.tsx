import { render } from 'preact';
import { coinStreamsBeginAnew, receiveCoin, startSelectedCoin } from './coin/selected-coin.ts';
import { startFilterKey } from './coins/coins.tsx';
import { loadFeed, receiveFeed, startFeedState } from './feed/feed-state.ts';
import { startAlerts } from './head/alerts.ts';
import { startTab } from './head/tab.ts';
import { startLink, subscribe } from './link/link.ts';
import { App } from './page/app.tsx';
import { startPageClock } from './page/page-clock.ts';
import { startSelection } from './page/selection.ts';
import { startTheme } from './page/theme.ts';

startTheme();
startPageClock();
startFeedState();
startSelection();
startFilterKey();
// The prices come first, because the overview ends the grey state after a reconnection.
subscribe('prices', '*');
subscribe('overview_changes');
subscribe('status');
startLink(
  (message) => {
    receiveFeed(message);
    receiveCoin(message);
  },
  () => {
    coinStreamsBeginAnew();
    loadFeed();
  },
);
startSelectedCoin();
startTab();
startAlerts();
render(<App />, document.body);
