import { tokenHeaders, tokenWanted } from './token.ts';

/** Fetches the answer of a REST path; undefined if there is no data yet, or the gateway is away. */
export async function getJson<T>(path: string): Promise<T | undefined> {
  try {
    const answer = await fetch(path, { headers: { accept: 'application/json', ...tokenHeaders() } });
    if (answer.status === 401) tokenWanted.value = true;
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}
