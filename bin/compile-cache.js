// Stores compiled modules on disk, for the threads too, so that Node strips types and compiles only at the first start.
// Import this before any TypeScript: the type stripper itself needs 0.1 s and 20 MiB, once it is loaded.
// This file uses only old syntax, like market-feed.js.
import module from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const folder = process.env.NODE_COMPILE_CACHE === undefined ? cacheFolder() : undefined;
if (folder !== undefined && module.enableCompileCache !== undefined) {
  process.env.NODE_COMPILE_CACHE = folder;
  module.enableCompileCache(folder);
}

/**
 * A folder of this user. Node's default is in the folder for temporary files, where other users may write, and the files
 * in the cache are executed.
 */
function cacheFolder() {
  const configured = process.env.XDG_CACHE_HOME || '';
  if (isAbsolute(configured)) return join(configured, 'market-feed');
  try {
    const home = homedir();
    return isAbsolute(home) ? join(home, '.cache', 'market-feed') : undefined;
  } catch {
    return undefined; // the system does not know this user
  }
}
