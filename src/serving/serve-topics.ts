import { firstValueFrom, race } from 'rxjs';
import type { Config } from '../config/config.ts';
import { createGateway } from '../gateway/gateway.ts';
import { aborted$ } from '../net/aborted.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import { configuredCandles } from '../runtime/past-candles.ts';
import { VenueAccess } from '../runtime/venue-access.ts';
import type { Logger } from '../telemetry/log.ts';
import { gatewayOptions } from './gateway-options.ts';
import { topicsSource } from './topics-source.ts';

/**
 * Serves a gateway from the topics, until the signal aborts. The gateway is ready when it has read the topics up to the
 * present. Rejects if it cannot listen, the brokers refuse it, or a topic can no longer be read.
 */
export async function serveTopics(
  config: Config,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const clocks = { scheduler: monotonicScheduler, wallClockMs: Date.now };
  const source = topicsSource({ ...clocks, config, signal, log: (fields, message) => log.warn(fields, message) });
  const gateway = await createGateway({
    ...gatewayOptions(config),
    ...clocks,
    source,
    fetchBest: source.fetchBest,
    fetchPastKlines: configuredCandles(config, new VenueAccess(config, clocks), clocks),
    log: (level, message, fields) => log[level](fields, message),
  });
  try {
    const { url } = await gateway.listen();
    log.info({ event: 'gateway', url, needs_token: config.gateway.token !== null }, `dashboard and API at ${url}`);
    await source.start();
    if (signal.aborted) return;
    log.info({ event: 'topics_read' }, 'the topics are read up to the present');
    await firstValueFrom(race(source.failed, aborted$(signal)));
  } finally {
    await gateway.close();
    await source.close();
  }
}
