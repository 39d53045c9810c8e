/** The venue that serves a symbol, and its epoch. */
export interface ServingEpoch {
  /** Null: not known yet. */
  readonly venue: string | null;
  readonly epoch: number;
}

export function isOfEpoch(record: ServingEpoch, serving: ServingEpoch): boolean {
  return record.epoch === serving.epoch && record.venue === serving.venue;
}

/** False for a record of an earlier epoch, or of a venue that is not shown. `serving`: undefined if none is known. */
export function mayBeShown(record: ServingEpoch, serving: ServingEpoch | undefined): boolean {
  if (serving === undefined) return true;
  if (record.epoch !== serving.epoch) return record.epoch > serving.epoch;
  return serving.venue === null || record.venue === serving.venue;
}
