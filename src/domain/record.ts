// Made from schemas/*.avsc by scripts/generate-records.ts; change the schemas, not this file.
import type { Decimal } from './decimal.ts';

export type Environment = 'production' | 'testnet' | 'simulated' | 'replay';

export type GapOutcome = 'repaired' | 'unrepaired' | 'unknown' | 'healed';

export type TradeSource = 'live' | 'backfill';

/** A price and the quantity of the orders at it. */
export interface BookLevel {
  /** Price in the quote asset. */
  readonly price: Decimal;
  /** Quantity in the base asset. */
  readonly quantity: Decimal;
}

/** A price and the new quantity at it. */
export interface BookDeltaLevel {
  /** Price in the quote asset. */
  readonly price: Decimal;
  /** Quantity in the base asset; 0 removes the level. */
  readonly quantity: Decimal;
}

/** The age of a venue's last data, with its clock offset and event lag. */
export interface VenueAge {
  /** The venue. */
  readonly venue: string;
  /** Milliseconds since its last data frame. */
  readonly ageMs: number;
  /** The venue's clock minus ours, milliseconds; null: not measured. */
  readonly clockOffsetMs: null | number;
  /** Event lag, milliseconds: received_at minus the event's time plus clock_offset_ms, the least of the last second with data. Null: not measured for ten seconds. */
  readonly eventLagMs: null | number;
}

/** The whole current state of an instance of the feed. */
export interface Heartbeat {
  /** allowed or halted. */
  readonly trading: string;
  /** Why trading is halted, as text for people. */
  readonly tradingReason: string;
  /** Symbols that are halted individually. */
  readonly halted: readonly string[];
  /** Symbols that the instance serves. If its heartbeats stop, consumers halt these symbols until a heartbeat of another instance names them. */
  readonly symbols: readonly string[];
  /** Symbols whose order book is stale: it may differ from the venue's book. */
  readonly staleBooks: readonly string[];
  /** Symbols whose instrument does not trade at the venue that serves them. They are in halted, too. */
  readonly haltedInstruments: readonly string[];
  /** Symbols whose price at the venue that serves them is disputed: it is far from the prices of the other venues. They are in halted, too. */
  readonly disputedPrices: readonly string[];
  /** One item for each venue that has delivered data. */
  readonly venueAges: readonly VenueAge[];
}

/** The change of venue, with the last trade before it and the first trade after it. The trade fields are null if the record is about all symbols. */
export interface VenueSwitch {
  /** The previous venue; null: none. */
  readonly from: null | string;
  /** The venue that serves from now on. */
  readonly to: string;
  /** Id of the last trade of the previous epoch; null: none is known. */
  readonly lastId: null | string;
  /** Timestamp of that trade, milliseconds since 1970. */
  readonly lastTimestamp: null | number;
  /** Id of the first trade of the new epoch; null: none came yet. */
  readonly firstId: null | string;
  /** Timestamp of that trade, milliseconds since 1970. */
  readonly firstTimestamp: null | number;
}

/** The fields of a trade, or of an aggregated trade. */
export interface TradeFields extends MarketFields {
  /** Price in the quote asset, exactly as the venue sent it. */
  readonly price: Decimal;
  /** Quantity in the base asset, exactly as the venue sent it. */
  readonly quantity: Decimal;
  /** True if the taker sold (the buyer's order was resting), false if the taker bought. */
  readonly isBuyerMaker: boolean;
  /** When the venue matched the trade, by its clock, milliseconds since 1970. */
  readonly timestamp: number;
  /** When the venue published the event, by its clock, milliseconds since 1970; null: the venue does not send it. */
  readonly eventTime: null | number;
  /** The venue's id of the trade, digits; of an aggregated trade its first trade id. Compare as integers. */
  readonly tradeId: string;
  /** Last trade id that an aggregated trade stands for; null for a single trade. */
  readonly lastTradeId: null | string;
  /** What is unusual about the trade: block (negotiated off the book), rpi (retail price improvement), aggregated (stands for all trades up to last_trade_id). */
  readonly conditions: readonly string[];
  /** live: received from the stream of the active venue; backfill: fetched, or held until its venue became active. Read an unknown value as backfill. */
  readonly source: TradeSource;
  /** When the venue matched the trade, by its clock, microseconds since 1970; null: the venue sends milliseconds. */
  readonly timestampUs: null | number;
}

/** The fields that every record of a market has, about its origin. */
export interface MarketFields {
  /** The venue that the event comes from: bybit, binance, binance_us or binance_testnet. */
  readonly venue: string;
  /** Canonical symbol, coin and quote without separator, e.g. BTCUSDT. */
  readonly symbol: string;
  /** The symbol as the venue spells it. */
  readonly venueSymbol: string;
  /** The base asset, e.g. BTC. */
  readonly coin: string;
  /** What kind of market the record describes: production, testnet, simulated or replay. Only production prices are market prices; read an unknown value as simulated. Comes from the configuration, never from an address. */
  readonly environment: Environment;
  /** Number of the venue's turn at serving this symbol: 1 for the first, then strictly increasing. Do not compare prices of two epochs: they may come from two venues. */
  readonly epoch: number;
  /** When the frame arrived at our socket, microseconds since 1970 by our wall clock. */
  readonly receivedAt: number;
}

/** One trade of one venue. Topic `trades`. */
export interface TradeEvent extends TradeFields {
  readonly kind: 'trade';
}

/** All fills of one taker order at one price, as the venue aggregates them. Topic `agg-trades`. */
export interface AggTrade extends TradeFields {
  readonly kind: 'agg_trade';
  /** First trade id of the aggregate; equal to trade_id. */
  readonly firstTradeId: string;
  /** Last trade id of the aggregate. */
  readonly lastTradeId: string;
}

/** The last price of a symbol, with the latest known figures of 24 hours. Topic `prices`. */
export interface PriceTick extends MarketFields {
  readonly kind: 'price';
  /** Last price in the quote asset. */
  readonly price: Decimal;
  /** The venue's time of the trade or ticker that the tick comes from, milliseconds since 1970. */
  readonly timestamp: number;
  /** Volume of the last 24 hours, base asset. */
  readonly volume24h: null | Decimal;
  /** Volume of the last 24 hours, quote asset. */
  readonly quoteVolume24h: null | Decimal;
  /** Price change over the last 24 hours in percent. */
  readonly change24h: null | Decimal;
  /** Price 24 hours ago, quote asset; null: the venue has none yet. */
  readonly open24h: null | Decimal;
  /** Highest price of the last 24 hours, quote asset. */
  readonly high24h: null | Decimal;
  /** Lowest price of the last 24 hours, quote asset. */
  readonly low24h: null | Decimal;
  /** Volume-weighted average price of the last 24 hours, quote asset, as the venue rounds it; null: the venue does not send it. */
  readonly vwap24h: null | Decimal;
  /** Number of trades in the last 24 hours; null: the venue does not send it. */
  readonly tradeCount24h: null | number;
}

/** Best bid and ask of a symbol. Topic `book-tickers`. */
export interface BookTicker extends MarketFields {
  readonly kind: 'book_ticker';
  /** Best bid price in the quote asset; null together with the quantity: the side has no orders. */
  readonly bidPrice: null | Decimal;
  /** Quantity at the best bid, base asset; null together with the price: the side has no orders. */
  readonly bidQuantity: null | Decimal;
  /** Best ask price in the quote asset; null together with the quantity: the side has no orders. */
  readonly askPrice: null | Decimal;
  /** Quantity at the best ask, base asset; null together with the price: the side has no orders. */
  readonly askQuantity: null | Decimal;
  /** The venue's book update id, digits. */
  readonly updateId: null | string;
  /** When the book changed, by the venue's clock, milliseconds since 1970; null: the venue does not send it. */
  readonly timestamp: null | number;
  /** When the book changed, by the venue's clock, microseconds since 1970; null: the venue sends milliseconds, or no time. */
  readonly timestampUs: null | number;
}

/** A candle of one interval, open or closed. Topic `klines`. */
export interface Kline extends MarketFields {
  readonly kind: 'kline';
  /** Length of the candle: 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M. */
  readonly interval: string;
  /** When the venue published this state of the candle, by its clock, milliseconds since 1970. */
  readonly timestamp: number;
  /** Start of the candle, inclusive, milliseconds since 1970. */
  readonly openTime: number;
  /** Last millisecond of the candle, milliseconds since 1970; it ends with 999. */
  readonly closeTime: number;
  /** First price. */
  readonly open: Decimal;
  /** Highest price. */
  readonly high: Decimal;
  /** Lowest price. */
  readonly low: Decimal;
  /** Last price so far. */
  readonly close: Decimal;
  /** Volume of the candle, base asset. */
  readonly volume: Decimal;
  /** Volume of the candle, quote asset. */
  readonly quoteVolume: Decimal;
  /** Volume of the trades in which the taker bought, base asset; null: the venue does not send it. */
  readonly takerBuyVolume: null | Decimal;
  /** Volume of the trades in which the taker bought, quote asset; null: the venue does not send it. */
  readonly takerBuyQuoteVolume: null | Decimal;
  /** Number of trades in the candle; null: the venue does not send it. */
  readonly tradeCount: null | number;
  /** True if the candle is final. */
  readonly closed: boolean;
}

/** The best levels of one book at one moment. Topic `order-books`. */
export interface OrderBookSnapshot extends MarketFields {
  readonly kind: 'order_book';
  /** When the frame that brought the book to this state arrived at our socket, microseconds since 1970 by our wall clock. If stale: when the book became stale. */
  readonly receivedAt: number;
  /** The venue's book update id, digits. */
  readonly updateId: string;
  /** The best level first; at most as many levels as configured. */
  readonly bids: readonly BookLevel[];
  /** The best level first; at most as many levels as configured. */
  readonly asks: readonly BookLevel[];
  /** When the book last changed, by the venue's clock, milliseconds since 1970; null: the venue does not send it. */
  readonly timestamp: null | number;
  /** True while the book may differ from the venue's book and the feed is getting it again. The levels are the last correct ones; do not trade on them. */
  readonly stale: boolean;
}

/** A change of one order book, or a snapshot of it. A snapshot replaces all levels; a change sets single levels. Topic `book-deltas`. */
export interface BookDelta extends MarketFields {
  readonly kind: 'book_delta';
  /** The venue's first book update id that the change covers, digits; in a snapshot, the same as last_update_id. */
  readonly firstUpdateId: string;
  /** The last book update id that the change covers. A book that has this id needs no record with this or a smaller last_update_id. */
  readonly lastUpdateId: string;
  /** last_update_id of the record that this one continues; null for a snapshot. If your book has another id, wait for the next snapshot. */
  readonly previousUpdateId: null | string;
  /** True: the levels are the whole book, as deep as the venue sends it. Replace your book with them. */
  readonly snapshot: boolean;
  /** Levels to set; quantity 0 removes a level. A snapshot lists the best level first. */
  readonly bids: readonly BookDeltaLevel[];
  /** Levels to set; quantity 0 removes a level. A snapshot lists the best level first. */
  readonly asks: readonly BookDeltaLevel[];
  /** When the book changed, by the venue's clock, milliseconds since 1970; null: the venue does not send it. */
  readonly timestamp: null | number;
  /** The venue's matching sequence of the change, digits; null: the venue does not send it. Books of any depth and trades of the venue share it. */
  readonly sequence: null | string;
  /** In a snapshot: every bid down to this price is known; below it, some may be missing. Null in a change, and if the feed knows every bid of the venue's book or subscription. */
  readonly worstKnownBid: null | Decimal;
  /** In a snapshot: every ask up to this price is known; above it, some may be missing. Null in a change, and if the feed knows every ask of the venue's book or subscription. */
  readonly worstKnownAsk: null | Decimal;
}

/** Statistics of the trades in one window of event time, without block trades. Topic `trade-stats`. */
export interface TradeStats extends MarketFields {
  readonly kind: 'trade_stats';
  /** When the last trade in the window arrived at our socket, microseconds since 1970 by our wall clock. */
  readonly receivedAt: number;
  /** Length of the window, milliseconds. */
  readonly windowMs: number;
  /** Start of the window, inclusive, by the venue's clock, milliseconds since 1970. */
  readonly windowStart: number;
  /** End of the window, exclusive, milliseconds since 1970. */
  readonly windowEnd: number;
  /** Number of trades; an aggregated trade counts as one. */
  readonly trades: number;
  /** Number of trades in which the taker bought. */
  readonly buyTrades: number;
  /** Number of trades in which the taker sold. */
  readonly sellTrades: number;
  /** Sum of quantities, base asset; exact. */
  readonly volume: Decimal;
  /** Sum of quantities of trades in which the taker bought, base asset; exact. */
  readonly buyVolume: Decimal;
  /** Sum of quantities of trades in which the taker sold, base asset; exact. */
  readonly sellVolume: Decimal;
  /** Sum of price times quantity, quote asset; rounded half-even at 18 places. */
  readonly value: Decimal;
  /** Sum of price times quantity of trades in which the taker bought, quote asset; rounded half-even at 18 places. */
  readonly buyValue: Decimal;
  /** Sum of price times quantity of trades in which the taker sold, quote asset; rounded half-even at 18 places. */
  readonly sellValue: Decimal;
  /** Value divided by volume; rounded half-even at 18 places. */
  readonly vwap: Decimal;
  /** Price of the first trade. */
  readonly open: Decimal;
  /** Highest price. */
  readonly high: Decimal;
  /** Lowest price. */
  readonly low: Decimal;
  /** Price of the last trade. */
  readonly close: Decimal;
  /** Volume divided by the number of trades; rounded half-even at 18 places. */
  readonly averageQuantity: Decimal;
  /** buy_volume / volume. */
  readonly buyRatioVolume: number;
  /** buy_trades / trades. */
  readonly buyRatioCount: number;
  /** From buy_ratio_volume: strong_buy from 0.70, buy from 0.55, strong_sell up to 0.30, sell up to 0.45, else neutral. */
  readonly flow: string;
  /** Standard deviation of the log returns of the last 30 closed one-minute candles; null while fewer are known. */
  readonly volatility: null | number;
  /** False: a known gap or a switch of venues lies inside the window, or it could not be rebuilt after a start. */
  readonly complete: boolean;
  /** 0, and 1 more for each later record of the window that counts healed trades, too. */
  readonly revision: number;
}

/** A trade that is much larger than the trades before it. Topic `large-trades`. */
export interface LargeTrade extends TradeFields {
  readonly kind: 'large_trade';
  /** Mean quantity of the last trades of the symbol before this one: at least 100, at most stats.history_trades (default 1,000). Rounded half-even at 18 places. */
  readonly averageQuantity: Decimal;
  /** The trade's quantity divided by average_quantity. */
  readonly multiple: number;
}

/** An event of the feed, or its heartbeat, which has the whole current state once a second. Topic `feed-status`. */
export interface FeedStatus {
  readonly kind: 'status';
  /** Number of the record within its instance: 1, 2, 3, …. */
  readonly sequence: number;
  /** connecting, connected, disconnected, subscribed, subscription_rejected, feed_stale, feed_recovered, failed_over, failed_back, gap_detected, gap_repaired, gap_unrepaired, gap_healed, region_blocked, rate_limited, session_rotated, sink_unavailable, sink_recovered, trading_halted, trading_resumed, lines_disagree, instrument_halted, price_disputed, heartbeat or stopped. */
  readonly state: string;
  /** The reason, as text for people. */
  readonly reason: string;
  /** The instance of the feed that publishes the record. Each start of a feed is a new instance. In a cluster, each start of a shard is one. */
  readonly instance: string;
  /** When it happened, by our wall clock, milliseconds since 1970. */
  readonly timestamp: number;
  /** The venue concerned; null: the whole feed. */
  readonly venue: null | string;
  /** The canonical symbol concerned; null: all symbols of the venue. */
  readonly symbol: null | string;
  /** The base asset of that symbol, e.g. BTC. */
  readonly coin: null | string;
  /** The venue that serves the feed when the record is written; null: none. */
  readonly activeVenue: null | string;
  /** The channel concerned, e.g. trade or agg_trade; null: all channels, or no particular one. */
  readonly channel: null | string;
  /** The reason, for programs. feed_stale: socket_dead, subscription_mute, channel_mute, late or quiet_market (no fault). disconnected: probing (retries continue at the slow pace) or replaced (another connection of the line continues). session_rotated: server_shutdown, maintenance, lifetime, channel_mute or late. subscribed: listed. subscription_rejected: delisted. feed_recovered: price_disputed (the price is no longer disputed). instrument_halted: the status, halted, cancel_only or closed. gap_detected: ids_restarted. sink_unavailable, sink_recovered: the sink's name. failed_over, failed_back: why, e.g. stale. */
  readonly cause: null | string;
  /** The line concerned, from 1; null: the venue as a whole. */
  readonly line: null | number;
  /** Set only if state is heartbeat. */
  readonly heartbeat: null | Heartbeat;
  /** Set only if state is failed_over or failed_back. */
  readonly switch: null | VenueSwitch;
  /** More facts, for people; programs do not read them. */
  readonly details: Readonly<Record<string, string>>;
  /** What kind of market the record describes: production, testnet, simulated or replay. Only production prices are market prices; read an unknown value as simulated. Comes from the configuration, never from an address. */
  readonly environment: Environment;
}

/** A gap in the trades of one symbol, and its outcome. Topic `gaps`. */
export interface Gap {
  readonly kind: 'gap';
  /** The venue whose trades are missing. */
  readonly venue: string;
  /** Canonical symbol. */
  readonly symbol: string;
  /** The epoch in which the gap lies. */
  readonly epoch: number;
  /** The channel whose trades are missing: trade (topic trades) or agg_trade (topic agg-trades). Read an unknown value as trade. */
  readonly channel: 'trade' | 'agg_trade';
  /** Id of the last trade before the gap, exclusive; null: the gap starts before the first known trade. */
  readonly fromId: null | string;
  /** Id of the first trade after the gap, exclusive; null: nothing followed in this epoch. */
  readonly toId: null | string;
  /** Timestamp of the trade before the gap, milliseconds since 1970. */
  readonly fromTime: number;
  /** Timestamp of the trade after the gap, milliseconds since 1970; without such a trade, when the epoch ended. */
  readonly toTime: number;
  /** Number of trades that were missing; null if the ids do not show it. */
  readonly missing: null | number;
  /** Number of missing trades that were published after all: fetched, or delivered by a slower line. */
  readonly filled: number;
  /** repaired: every missing trade was published after all; unrepaired: trades are missing, or may be; unknown: trades may be missing, and no later trade came in the epoch; healed: the missing trades of the gap are in late-trades. Read any other value as unknown. */
  readonly outcome: GapOutcome;
  /** What kind of market the record describes: production, testnet, simulated or replay. Only production prices are market prices; read an unknown value as simulated. Comes from the configuration, never from an address. */
  readonly environment: Environment;
}

/** What was published of one minute of a symbol's trades, and whether it is complete. Topic `audits`. */
export interface Audit extends MarketFields {
  readonly kind: 'audit';
  /** When the minute's last trade arrived at our socket, microseconds since 1970 by our wall clock; without a trade, when the minute was checked. */
  readonly receivedAt: number;
  /** Start of the minute, inclusive, by the venue's clock, milliseconds since 1970. A trade belongs to the minute of its timestamp. */
  readonly minute: number;
  /** 0, and 1 more for each later record of the minute. The latest one counts. */
  readonly revision: number;
  /** Id of the minute's first trade; empty: the minute has no trade. */
  readonly firstId: string;
  /** Last id of the minute's last trade; empty: the minute has no trade. */
  readonly lastId: string;
  /** Number of published trades of the minute, late trades and block trades included; an aggregated trade counts as one. */
  readonly trades: number;
  /** Number of these trades with source backfill. */
  readonly backfilled: number;
  /** Sum of their quantities, base asset; exact. */
  readonly volume: Decimal;
  /** Sum of price × quantity, quote asset; exact, rounded half-even to 18 decimal places. */
  readonly value: Decimal;
  /** SHA-256, lower-case hexadecimal, of a line trade_id,price,quantity,side,timestamp for each of these trades, in order, each line with a line feed at its end. Decimals are canonical text, side is buy or sell (the taker's), timestamp is in milliseconds. Empty: not all trades of the minute are known to the writer. */
  readonly hash: string;
  /** Volume of the venue's own candle of the minute, base asset; null: there is none. */
  readonly candleVolume: null | Decimal;
  /** Number of trades of that candle; null: the venue does not send it. */
  readonly candleTrades: null | number;
  /** proven: the trade ids follow each other without a gap; agrees: ids jump, and the venue's candle is equal; gap: gaps names what is missing; unexplained: the candle differs, and nothing explains it; unchecked: nothing was compared, for the stated reason. Read an unknown value as unchecked. */
  readonly verdict: 'proven' | 'agrees' | 'gap' | 'unexplained' | 'unchecked';
  /** For people: why the verdict is not proven or agrees, with the difference; else empty. */
  readonly reason: string;
}

/** What a venue's instrument list says of one market: whether it trades, and its steps and minimums. Published at each start and on change. Topic `instruments`. */
export interface InstrumentRecord {
  readonly kind: 'instrument';
  /** The venue whose list it is. */
  readonly venue: string;
  /** Canonical symbol, coin and quote without separator, e.g. BTCUSDT. */
  readonly symbol: string;
  /** The symbol as the venue spells it. */
  readonly venueSymbol: string;
  /** The base asset, e.g. BTC. */
  readonly coin: string;
  /** The asset in which prices are stated, e.g. USDT. */
  readonly quote: string;
  /** trading; halted: listed, but nothing is traded; cancel_only: orders can only be cancelled; closed: the venue does not list it. */
  readonly status: string;
  /** Smallest step of prices, quote asset; null: the list states none. */
  readonly tickSize: null | Decimal;
  /** Smallest step of quantities, base asset; null: the list states none. */
  readonly lotStep: null | Decimal;
  /** Smallest quantity of an order, base asset; null: the list states none. */
  readonly minQuantity: null | Decimal;
  /** Smallest price times quantity of an order, quote asset; null: the list states none. */
  readonly minValue: null | Decimal;
  /** Number of shares that one token stands for (Bybit xStocks); null: the instrument has none. */
  readonly multiplier: null | Decimal;
  /** When the list arrived, microseconds since 1970 by our wall clock. */
  readonly receivedAt: number;
  /** What kind of market the record describes: production, testnet, simulated or replay. Only production prices are market prices; read an unknown value as simulated. Comes from the configuration, never from an address. */
  readonly environment: Environment;
}

/** Internal: an epoch of a symbol, and how far its trades were published. Written before the epoch's first record and again as trades are published. Topic `positions`. */
export interface Position {
  readonly kind: 'position';
  /** The venue that serves the symbol in this epoch. */
  readonly venue: string;
  /** Canonical symbol. */
  readonly symbol: string;
  /** The epoch. */
  readonly epoch: number;
  /** Id of a published trade of the epoch; later trades may have been published, too. Null: none yet. */
  readonly tradeId: null | string;
  /** Timestamp of that trade, milliseconds since 1970; without such a trade, when the epoch began. */
  readonly timestamp: number;
  /** What kind of market the record describes: production, testnet, simulated or replay. Only production prices are market prices; read an unknown value as simulated. Comes from the configuration, never from an address. */
  readonly environment: Environment;
}

/** A frame, or a row of a REST answer, that could not be decoded, or a record that could not be written, with the reason. Topic `dead-letters`. */
export interface DeadLetter {
  readonly kind: 'dead_letter';
  /** The venue that the frame, row or record came from. */
  readonly venue: string;
  /** When the frame arrived at our socket, microseconds since 1970 by our wall clock; 0: the record has no such time. */
  readonly receivedAt: number;
  /** What failed. decode: the frame or row could not be decoded; encode: the record could not be encoded, or a sink refused the record. */
  readonly stage: string;
  /** What was wrong, with the field's name. It ends with «(payload cut: N bytes)» if the payload was longer than 64 KiB. */
  readonly reason: string;
  /** The frame as received, or the row or record as JSON; at most 64 KiB. */
  readonly payload: Uint8Array;
  /** What kind of market the record describes: production, testnet, simulated or replay. Only production prices are market prices; read an unknown value as simulated. Comes from the configuration, never from an address. */
  readonly environment: Environment;
}

/** Every record that a topic carries, distinguished by `kind`. */
export type FeedRecord = TradeEvent | AggTrade | PriceTick | BookTicker | Kline | OrderBookSnapshot | BookDelta | TradeStats | LargeTrade | FeedStatus | Gap | Audit | InstrumentRecord | Position | DeadLetter;
export type RecordKind = FeedRecord['kind'];
