/** A request that the venue refuses, in its words. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly code: number;
  /** Of HTTP, where the venue has one for it. */
  readonly status: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The rows that are asked for; `otherwise` where the parameter is missing or no number of rows. */
export function rowLimit(query: URLSearchParams, otherwise: number, most: number): number {
  const limit = Number(query.get('limit') ?? otherwise);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, most) : otherwise;
}
