import { refused, tokenHeaders } from './token.ts';

/** A request without an answer for this long has none: it must not keep one of the browser's few connections. */
const TIMEOUT_MS = 10_000;

/** Fetches the answer of a REST path; undefined if there is no data yet, or the gateway is away. */
export async function getJson<T>(path: string): Promise<T | undefined> {
  const token = tokenHeaders();
  try {
    const answer = await fetch(path, {
      headers: { accept: 'application/json', ...token },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status === 401) refused(token);
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}
