import { signal } from '@preact/signals';
import type { AuditsAnswer } from '../../src/gateway/api/asset-answers.ts';
import { getOfSelected } from '../coin/of-selected.ts';

/** The selected coin's audited minutes; undefined: not known yet. */
export const audits = signal<AuditsAnswer | undefined>(undefined);

export async function loadAudits(): Promise<void> {
  const answer = await getOfSelected<AuditsAnswer>('audits');
  if (answer !== undefined) audits.value = answer;
}
