// What is loaded after this, in the program's threads too, is compiled, and its types are taken out, once and not at each
// start. Before the first file with types: to load what takes them out costs 0.1 s and 20 MiB, which stay.
// Plain JavaScript of old, as what imports it.
import module from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const folder = process.env.NODE_COMPILE_CACHE === undefined ? cacheFolder() : undefined;
if (folder !== undefined && module.enableCompileCache !== undefined) {
  process.env.NODE_COMPILE_CACHE = folder;
  module.enableCompileCache(folder);
}

/** The user's own: in the one for temporary files, which Node would take, others may write, and what lies there is run. */
function cacheFolder() {
  const configured = process.env.XDG_CACHE_HOME || '';
  if (isAbsolute(configured)) return join(configured, 'market-feed');
  try {
    const home = homedir();
    return isAbsolute(home) ? join(home, '.cache', 'market-feed') : undefined;
  } catch {
    return undefined; // a user whom the system does not know
  }
}
