// Reconnects after each lost connection, and reports when data stops and comes back.
// Run: node examples/ten-lines.ts. In your own project, import from 'market-feed/operators'.
import { concat, of, take, throwError } from 'rxjs';
import { detectStale, retryBackoff } from '../src/operators/index.ts';

const lost$ = throwError(() => new Error('connection lost'));
concat(of('BTC 61837.63', 'BTC 61838.01'), lost$)
  .pipe(
    retryBackoff({ initialDelayMs: 1000, maxDelayMs: 30_000, isData: () => true }),
    detectStale({ staleAfterMs: 20, isData: () => true }),
    take(7),
  )
  .subscribe((event) => console.log(typeof event === 'string' ? event : `feed ${event.kind}`));
// BTC 61837.63
// BTC 61838.01
// feed stale
// feed recovered
// BTC 61837.63
// BTC 61838.01
// feed stale
