import { join } from 'node:path';

/** The repository's top. */
export const root: string = join(import.meta.dirname, '../..');

/** What is downloaded once and kept out of git: jars, the Python environment, Node itself. */
export const tools: string = join(root, '.tools');
