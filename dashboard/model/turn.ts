/** A venue's turn at serving a symbol. */
export interface Turn {
  /** Null: not known yet. */
  readonly venue: string | null;
  readonly epoch: number;
}

export function isOfTurn(record: Turn, turn: Turn): boolean {
  return record.epoch === turn.epoch && record.venue === turn.venue;
}

/** False: it came late, of a turn that is over, or of a venue that is not the one shown. Undefined: no turn is known. */
export function mayBeShown(record: Turn, turn: Turn | undefined): boolean {
  if (turn === undefined) return true;
  if (record.epoch !== turn.epoch) return record.epoch > turn.epoch;
  return turn.venue === null || record.venue === turn.venue;
}
