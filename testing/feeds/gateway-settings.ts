/** Settings of a gateway for tests: on a free port, without a token, and with limits that a test hardly reaches. */
export const GATEWAY_SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  token: null,
  allowedOrigins: [],
  requestsPerMinute: 1_000_000,
  connectionsPerAddress: 5000,
} as const;
