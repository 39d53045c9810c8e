import type { SideName, SimulatedInstrument } from '../market/simulated-instrument.ts';
import type { VenueHost } from '../venue-host.ts';
import type { SimulatedVenue } from '../venue-protocol.ts';
import type { FaultCommand } from './fault-command.ts';
import { type FaultContext, reset, type SimulatedFault, type SimulatedFaults } from './simulated-fault.ts';

/** Faults of a whole venue: its announcements and its market. */
export const MARKET_FAULTS: SimulatedFaults = {
  server_shutdown: {
    description: 'Announces serverShutdown and closes the connections after seconds (5).',
    parameters: ['line', 'seconds'],
    venues: ['binance', 'binance_us', 'binance_testnet'],
    lasting: true,
    defaultSeconds: 5,
    start: ({ connections, now }) => {
      const event = `{"e":"serverShutdown","E":${now}}`;
      for (const connection of connections)
        connection.control(connection.combined ? `{"stream":"!serverShutdown","data":${event}}` : event);
    },
    end: ({ connections }) => {
      for (const connection of connections) connection.close(1001, 'server shutdown');
    },
  },
  maintenance: {
    description: 'Announces maintenance on system.status: ongoing at the start, completed when seconds (10) are over.',
    parameters: ['seconds'],
    venues: ['bybit'],
    lasting: true,
    defaultSeconds: 10,
    start: ({ venue, command, now }) =>
      announceMaintenance(venue.host, 'ongoing', now, now + (command.seconds || 10) * 1_000),
    end: ({ venue, command, now }) =>
      announceMaintenance(venue.host, 'completed', now - (command.seconds || 10) * 1_000, now),
  },
  book_restart: {
    description:
      "The venue's book service starts again: every listener of a book gets a snapshot with update id 1, then changes from 2 on.",
    parameters: ['symbol'],
    venues: ['bybit'],
    start: ({ venue, command, now }) => {
      for (const instrument of instrumentsOf(venue, command)) venue.streams.restartBook(instrument, now);
    },
  },
  testnet_reset: {
    description:
      "The testnet's wipe: trade and update ids start low again, recent trades are gone, connections are cut. Works on any venue.",
    parameters: ['symbol'],
    start: ({ venue, command, now }) => {
      for (const instrument of instrumentsOf(venue, command)) {
        instrument.reset();
        venue.streams.restartBook(instrument, now);
      }
      reset(venue.host.connections);
    },
  },
  id_jump: {
    description:
      'Trade ids of the symbol jump ahead by count (10): trades that the venue itself lost and no request can bring back.',
    parameters: ['symbol', 'count'],
    start: ({ venue, command }) => {
      for (const instrument of instrumentsOf(venue, command)) instrument.nextTradeId += command.count ?? 10;
    },
  },
  quiet: {
    description:
      'A quiet night: the venue, or one symbol of it, makes no trades and no changes; pongs, repeats of an unchanged book and closing candles go on.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    onVenue: ({ market }, { symbol }) => {
      if (market === undefined) return;
      if (symbol === '') market.paused = true;
      else market.pausedSymbols.add(symbol);
    },
  },
  untraded: {
    description:
      'The symbol has never traded: its tickers and candles go on with prices and volumes of zero, and it makes no trades.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    start: ({ venue, command }) => {
      for (const { candles } of instrumentsOf(venue, command)) candles.isUntraded = true;
    },
    end: ({ venue, command }) => {
      for (const { candles } of instrumentsOf(venue, command)) candles.isUntraded = false;
    },
    onVenue: ({ market }, { symbol }) => market?.pausedSymbols.add(symbol),
  },
  empty_book: {
    description:
      'The symbol has no orders and makes no trades. Binance: GET /api/v3/depth has lastUpdateId -1, as for a new listing. Bybit: each listener of a book gets an empty snapshot with ts, cts, u and seq 0, as of a closed market.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    start: ({ venue, command, now }) => {
      venue.host.faults.symbolsWithEmptyBooks.add(command.symbol);
      setWithdrawn(['bids', 'asks'], true, { venue, command, now });
      for (const instrument of instrumentsOf(venue, command)) venue.streams.restartBook(instrument, now);
    },
    end: ({ venue, command, now }) => {
      venue.host.faults.symbolsWithEmptyBooks.delete(command.symbol);
      setWithdrawn(['bids', 'asks'], false, { venue, command, now });
      for (const instrument of instrumentsOf(venue, command)) venue.streams.restartBook(instrument, now);
    },
    onVenue: ({ faults, market }, { symbol }) => {
      faults.symbolsWithEmptyBooks.add(symbol);
      market?.pausedSymbols.add(symbol);
    },
  },
  wrong_prices: {
    description:
      'The venue lies: all prices of the symbol, or of all symbols, in trades, book tickers, tickers, candles and books, are wrong by bps basis points (1 = 0.01 %; negative: too low).',
    parameters: ['symbol', 'seconds', 'bps'],
    lasting: true,
    needs: ['bps'],
    start: (context) => shiftPrices(1 + (context.command.bps ?? 0) / 10_000, context),
    end: (context) => shiftPrices(1, context),
  },
  block_trades: {
    description: 'The next count (1) orders of the symbol are block trades: negotiated off the book, and in no candle.',
    parameters: ['symbol', 'count'],
    venues: ['bybit'],
    start: ({ venue, command }) => {
      for (const instrument of instrumentsOf(venue, command)) instrument.blockOrders += command.count ?? 1;
    },
  },
  bad_rows: {
    description:
      'REST rows of the symbol have no price ("price": null) if their number is divisible by count (1000): trades and aggregated trades by id, candles by open minute. Sockets are not concerned.',
    parameters: ['symbol', 'seconds', 'count'],
    lasting: true,
    needs: ['symbol'],
    onVenue: ({ faults }, { symbol, count = 1000 }) => faults.badRows.set(symbol, count),
  },
  no_bids: withdrawal('bids'),
  no_asks: withdrawal('asks'),
  reject_symbol: {
    description: 'New subscriptions of a symbol are rejected, though the instrument list has it.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    onVenue: ({ faults }, { symbol }) => faults.rejectedSymbols.add(symbol),
  },
  reject_trades: {
    description: "New subscriptions of a symbol's trades are rejected, its other data are not.",
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    onVenue: ({ faults }, { symbol }) => faults.symbolsWithRejectedTrades.add(symbol),
  },
  halt_symbol: {
    description:
      'The venue halts the symbol: it makes no trades and no changes, and its sockets and other REST answers go on. Binance: its status in the instrument list is HALT. Bybit: the list, which has only symbols that trade, lacks it.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    onVenue: ({ faults, market }, { symbol }) => {
      faults.haltedSymbols.add(symbol);
      market?.pausedSymbols.add(symbol);
    },
  },
  delist_symbol: {
    description:
      'The symbol leaves the instrument list and trades no more, until list_symbol, or for seconds; its listeners receive nothing.',
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    onVenue: (host, { symbol }) => {
      host.faults.delistedSymbols.add(symbol);
      host.market?.pausedSymbols.add(symbol);
    },
  },
  list_symbol: {
    description: 'A symbol that delist_symbol took off the instrument list is listed and trades.',
    parameters: ['symbol'],
    needs: ['symbol'],
    ends: 'delist_symbol',
  },
};

/** Makes the fault that withdraws all orders of one side of a symbol's book. */
function withdrawal(side: SideName): SimulatedFault {
  return {
    description: `All ${side} of the symbol are withdrawn, and it makes no trades. Binance: price and quantity 0.00000000 in bookTicker. Bybit: an empty list in orderbook.1. Their books lose the side.`,
    parameters: ['symbol', 'seconds'],
    lasting: true,
    needs: ['symbol'],
    start: (context) => setWithdrawn([side], true, context),
    end: (context) => setWithdrawn([side], false, context),
    onVenue: ({ market }, { symbol }) => market?.pausedSymbols.add(symbol),
  };
}

function setWithdrawn(
  sides: readonly SideName[],
  isWithdrawn: boolean,
  { venue, command, now }: Pick<FaultContext, 'venue' | 'command' | 'now'>,
): void {
  for (const instrument of instrumentsOf(venue, command)) {
    for (const side of sides) instrument.setWithdrawn(side, isWithdrawn, now);
    if (venue.host.market !== undefined) venue.host.market.lastSequence++;
  }
}

/** The books start again, because a book cannot name each price between the old and the new ones. */
function shiftPrices(factor: number, { venue, command, now }: Pick<FaultContext, 'venue' | 'command' | 'now'>): void {
  for (const instrument of instrumentsOf(venue, command)) {
    instrument.shiftPrices(factor, now);
    if (venue.host.market !== undefined) venue.host.market.lastSequence++;
    venue.streams.restartBook(instrument, now);
  }
}

/** Returns the instrument of the fault's symbol, or all instruments if the fault names no symbol. */
function instrumentsOf({ host }: SimulatedVenue, { symbol }: FaultCommand): readonly SimulatedInstrument[] {
  return (host.market?.instruments ?? []).filter((instrument) => symbol === '' || symbol === instrument.symbol);
}

function announceMaintenance(host: VenueHost, state: string, begin: number, end: number): void {
  const data = `{"id":"4d95b2a0-587f-11f0-bcc9-56f28c94d6ea","title":"simulated","state":"${state}","begin":"${begin}","end":"${end}","href":"","serviceTypes":[2],"product":[2],"uidSuffix":[],"maintainType":1,"env":1}`;
  const topic = host.topics.get('system.status');
  for (const connection of topic?.listeners() ?? [])
    connection.control(`{"topic":"system.status","ts":${begin},"data":[${data}]}`);
}
