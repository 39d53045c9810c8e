import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import type { GatewayOptions } from '../gateway/gateway.ts';

/** What a gateway takes of the configuration: plain values, which another thread can be given. */
export type ConfiguredGateway = Pick<
  GatewayOptions,
  'settings' | 'historyTrades' | 'mode' | 'largeTradeThreshold' | 'dashboardDir'
>;

export function gatewayOptions({ feed, gateway, stats }: Config): ConfiguredGateway {
  const { host, port, token, allowedOrigins, requestsPerMinute } = gateway;
  return {
    settings: { host, port, token: token?.reveal() ?? null, allowedOrigins, requestsPerMinute },
    historyTrades: stats.historyTrades,
    mode: feed.mode,
    largeTradeThreshold: stats.largeTradeThreshold,
    dashboardDir: fileURLToPath(new URL('../../dist/dashboard/', import.meta.url)),
  };
}
