import { join } from 'node:path';
import { root } from '../tools/tools.ts';

/** The folder of frames that were recorded from the real venues. */
export const recordings: string = join(root, 'test/recordings');
