import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import type { GatewayOptions } from '../gateway/gateway.ts';

/** A gateway's part of the configuration, as plain values that can be passed to a thread. */
export type ConfiguredGateway = Pick<
  GatewayOptions,
  'settings' | 'historyTrades' | 'mode' | 'tiers' | 'largeTradeThreshold' | 'longestWindowMs' | 'dashboardDir'
>;

export function gatewayOptions({ coins, feed, gateway, stats }: Config): ConfiguredGateway {
  const { enabled: _enabled, token, ...settings } = gateway;
  return {
    settings: { ...settings, token: token?.reveal() ?? null },
    historyTrades: stats.historyTrades,
    mode: feed.mode,
    tiers: coins.kind === 'list' ? Object.fromEntries(coins.entries.map(({ coin, tier }) => [coin, tier])) : {},
    largeTradeThreshold: stats.largeTradeThreshold,
    longestWindowMs: Math.max(...stats.windowsMs),
    dashboardDir: fileURLToPath(new URL('../../dist/dashboard/', import.meta.url)),
  };
}
