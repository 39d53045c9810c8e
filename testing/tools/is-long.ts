/** Whether a test runs at full length (`make faults`). In the suite it is short: the same rules over less time. */
export const isLong: boolean = process.env.MARKET_FEED_LONG_TESTS === 'true';
