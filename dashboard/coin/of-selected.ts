import type { Series } from '../../src/gateway/api/fields.ts';
import { rowOf } from '../feed/feed-state.ts';
import { mayBeShown, type ServingEpoch } from '../feed/serving-epoch.ts';
import { type Asked, askJson } from '../link/get-json.ts';
import { selected } from '../page/selection.ts';

/** True for a record of the selected symbol. If several venues publish it, only the venue in its row counts. */
export function concerns(record: { readonly symbol: string; readonly venue: string }): boolean {
  if (record.symbol !== selected.peek()) return false;
  const row = rowOf(record.symbol);
  const venue = row?.venue.peek() ?? null;
  return row?.isOfSeveral !== true || venue === null || record.venue === venue;
}

/**
 * False for a record of an earlier epoch than the epoch in the symbol's row, or of another venue in the same epoch.
 * REST returns only the current epoch.
 */
export function isPresent(record: ServingEpoch & { readonly symbol: string }): boolean {
  const row = rowOf(record.symbol);
  return mayBeShown(record, row === undefined ? undefined : { venue: row.venue.peek(), epoch: row.epoch.peek() });
}

/** Fetches a path below the selected coin's; undefined if another coin was selected, or another venue serves it now. */
export async function getOfSelected<T extends Series>(path: string): Promise<T | undefined> {
  return (await askOfSelected<T>(path))?.answer;
}

/** As `getOfSelected`, but with the reason if the gateway refuses the request. */
export async function askOfSelected<T extends Series>(path: string): Promise<Asked<T> | undefined> {
  const symbol = selected.peek();
  if (symbol === undefined) return undefined;
  const asked = await askJson<T>(`/api/assets/crypto/${symbol}/${path}`);
  const isMine = symbol === selected.peek() && (asked.answer === undefined || isPresent(asked.answer));
  return isMine ? asked : undefined;
}
