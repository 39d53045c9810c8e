import type { ErrorAnswer } from '../../src/gateway/api/fields.ts';
import { refused, tokenHeaders } from './token.ts';

/** A request without an answer for this long has none: it must not keep one of the browser's few connections. */
const TIMEOUT_MS = 10_000;

/** The answer of a REST path, or why there is none, in words. */
export type Asked<T> =
  | { readonly answer: T; readonly refusal?: undefined }
  | { readonly answer?: undefined; readonly refusal: string };

/** Fetches the answer of a REST path, or why there is none. */
export async function askJson<T>(path: string): Promise<Asked<T>> {
  const token = tokenHeaders();
  try {
    const answer = await fetch(path, {
      headers: { accept: 'application/json', ...token },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // In the mode `cors` the browser would reuse the answer to the preload of index.html, which has no token.
      mode: token.authorization === undefined ? 'cors' : 'same-origin',
    });
    if (answer.status === 401) refused(token);
    const body: unknown = await answer.json();
    return answer.ok ? { answer: body as T } : { refusal: (body as ErrorAnswer).message };
  } catch {
    return { refusal: 'the gateway does not answer' };
  }
}

/** Fetches the answer of a REST path; undefined if there is no data yet, or the gateway is away. */
export async function getJson<T>(path: string): Promise<T | undefined> {
  return (await askJson<T>(path)).answer;
}
