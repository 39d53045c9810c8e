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

/** `failed_over` or `failed_back`, with the seams: by symbol, or the outermost of all. */
export function switchNote({ from, to, reason, back, symbol, coin }: Switch, turns: readonly Turn[]): StatusNote {
  const lasts = turns.flatMap(({ last }) => last?.timestamp ?? []);
  const firsts = turns.flatMap(({ first }) => first?.timestamp ?? []);
  const details: Record<string, string> = {
    from: from ?? '',
    to,
    reason,
    symbols: String(turns.length),
    ...(symbol === null ? {} : { symbol }),
    ...(lasts.length === 0 ? {} : { last_timestamp: String(Math.max(...lasts)) }),
    ...(firsts.length === 0 ? {} : { first_timestamp: String(Math.min(...firsts)) }),
  };
  if (turns.length <= NAMED_SYMBOLS) for (const turn of turns) Object.assign(details, seam(turn));
  return {
    state: back ? 'failed_back' : 'failed_over',
    reason: `${from ?? 'nobody'} → ${to}: ${reason.replaceAll('_', ' ')}`,
    venue: to,
    ...(coin === undefined ? {} : { coin }),
    details,
  };
}

function seam({ symbol, last, first }: Turn): Record<string, string> {
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
