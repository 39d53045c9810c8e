import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env.CAPTURES ?? join(import.meta.dirname, '../../../shared/captures');

/**
 * The folder of real recordings (CAPTURES, else ../shared/captures beside the repository),
 * undefined where it is missing: tests over it then count as skipped, by `describe.skipIf(captures === undefined)`.
 */
export const captures: string | undefined = existsSync(folder) ? folder : undefined;
