import { render } from 'preact';
import { startAlerts } from './state/alerts.ts';
import { loadFeed, receiveFeed, startFeedState } from './state/feed-state.ts';
import { startLink, subscribe } from './state/link.ts';
import { startPageClock } from './state/page-clock.ts';
import { coinStreamsBeginAnew, receiveCoin, startSelectedCoin } from './state/selected-coin.ts';
import { startSelection } from './state/selection.ts';
import { startTab } from './state/tab.ts';
import { startTheme } from './state/theme.ts';
import { App } from './view/app.tsx';
import { startFilterKey } from './view/coins.tsx';

startTheme();
startPageClock();
startFeedState();
startSelection();
startFilterKey();
subscribe('overview_changes');
subscribe('status');
subscribe('prices', '*');
startLink(
  (message) => {
    receiveFeed(message);
    receiveCoin(message);
  },
  () => {
    coinStreamsBeginAnew();
    void loadFeed();
  },
);
startSelectedCoin();
startTab();
startAlerts();
render(<App />, document.body);
