import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { auditRecords } from '../../src/audit/audit.ts';
import { type AuditDay, AuditReport } from '../../src/audit/audit-report.ts';
import type { Difference } from '../../src/audit/audit-scope.ts';
import type { FeedRecord } from '../../src/domain/record.ts';

export type Topics = Readonly<Record<string, readonly FeedRecord[]>>;

/** Audits records in memory. */
export async function differencesOf(
  topics: Topics,
): Promise<{ readonly differences: readonly Difference[]; readonly days: readonly AuditDay[] }> {
  const scratch = mkdtempSync(join(tmpdir(), 'market-feed-audit-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const differences: Difference[] = [];
  const source = {
    prefix: '',
    async *read(topic: string) {
      for (const record of topics[topic] ?? []) yield { partition: 0, record };
    },
  };
  const range = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  const report = new AuditReport(range, (difference) => differences.push(difference));
  await auditRecords(source, report, { scratch, isContiguous: (venue) => venue !== 'bybit' });
  return { differences, days: report.days };
}
