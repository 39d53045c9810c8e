import type { AggTrade, TradeEvent } from '../../domain/record.ts';
import type { StatusNote } from './status-log.ts';

/** A symbol's last trade in the epoch that ended and first one in the epoch that began, as far as there are any yet. */
export interface Turn {
  readonly symbol: string;
  readonly last: TradeEvent | AggTrade | undefined;
  readonly first: TradeEvent | AggTrade | undefined;
}

export interface Switch {
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
  readonly back: boolean;
  /** Set where a single symbol changed hands. */
  readonly symbol: string | null;
  readonly coin: string | undefined;
}

/** Symbols that a switch names one by one; of more it gives a summary. */
const NAMED_SYMBOLS = 25;

/** `failed_over` or `failed_back`: of one symbol with its trades on both sides, of all with these as text. */
export function switchNote({ from, to, reason, back, symbol, coin }: Switch, turns: readonly Turn[]): StatusNote {
  const [only] = symbol === null ? [] : turns;
  const details: Record<string, string> = { symbols: String(turns.length) };
  if (symbol === null && turns.length <= NAMED_SYMBOLS)
    for (const turn of turns) Object.assign(details, seamDetails(turn));
  return {
    state: back ? 'failed_back' : 'failed_over',
    reason: `${from ?? 'nobody'} → ${to}: ${reason.replaceAll('_', ' ')}`,
    venue: to,
    symbol,
    coin: coin ?? null,
    cause: reason,
    switch: {
      from,
      to,
      lastId: only?.last?.lastTradeId ?? only?.last?.tradeId ?? null,
      lastTimestamp: only?.last?.timestamp ?? null,
      firstId: only?.first?.tradeId ?? null,
      firstTimestamp: only?.first?.timestamp ?? null,
    },
    details,
  };
}

function seamDetails({ symbol, last, first }: Turn): Record<string, string> {
  return {
    ...(last === undefined
      ? {}
      : {
          [`last_id.${symbol}`]: last.lastTradeId ?? last.tradeId,
          [`last_timestamp.${symbol}`]: String(last.timestamp),
        }),
    ...(first === undefined
      ? {}
      : { [`first_id.${symbol}`]: first.tradeId, [`first_timestamp.${symbol}`]: String(first.timestamp) }),
  };
}
