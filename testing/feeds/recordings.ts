import { join } from 'node:path';
import { root } from '../tools/tools.ts';

/** The folder of recordings of real venues. */
export const recordings: string = join(root, 'test/recordings');
