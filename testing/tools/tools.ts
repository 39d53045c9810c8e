import { join } from 'node:path';

/** The root folder of the repository. */
export const root: string = join(import.meta.dirname, '../..');

/** Folder for downloads that are not in git: jars, the Python environment, Node itself. */
export const tools: string = join(root, '.tools');
