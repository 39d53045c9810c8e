import { Fault } from '../domain/fault.ts';
import { getJson, type HttpAnswer } from '../net/get-json.ts';
import type { RestRequest, Venue } from './contract.ts';

export interface RestOptions {
  /** Configured address, with or without a slash at its end. */
  readonly restUrl: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a venue's REST interface. All requests go through here, so that a weight budget has one place.
 * @throws Fault: what the venue means by a status other than 200, `malformed` for a body that is not as documented,
 * or what kept the answer from coming.
 */
export async function askRest<T>(venue: Venue, request: RestRequest<T>, options: RestOptions): Promise<T> {
  const { restUrl, timeoutMs, signal } = options;
  const url = restUrl.replace(/\/+$/, '') + request.path;
  const answer = await getJson(url, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
  if (answer.status !== 200) throw venue.refusal(answer.status, answer.headers, answer.body);
  return request.parse(parsed(answer, url));
}

function parsed({ body }: HttpAnswer, url: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Fault('malformed', `${url} answers with what is no JSON: ${body.slice(0, 200)}`, { cause: error });
  }
}
