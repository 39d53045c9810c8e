/**
 * Downloads what the tests need, at the same time as npm installs the packages; so it imports none of them. A failure is
 * reported later: scripts/test.ts prepares what is still missing.
 */
import { nodeOfVersion, OLDEST_NODE } from '../testing/processes/node-version.ts';
import { preparePromtool } from '../testing/tools/promtool.ts';
import { preparePython } from '../testing/tools/python.ts';

await Promise.allSettled([preparePython(), preparePromtool(), nodeOfVersion(OLDEST_NODE)]);
