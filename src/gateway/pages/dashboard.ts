import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { addFile, readFolder, staticFile } from './static-file.ts';

const NO_DASHBOARD = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>market-feed</title>
<h1>market-feed</h1>
<p>The dashboard is not built: run <code>make dashboard</code> and start again.</p>
<p>The interface is there: <a href="/docs">documentation</a>, <a href="/api/status">status</a>, <a href="/metrics">metrics</a>.</p>
</html>
`;
const INDEX = 'index.html';

/** Serves the dashboard at `/`, or, if it is not built, a page that explains how to build it. */
export async function addDashboard(app: FastifyInstance, dir: string | undefined): Promise<void> {
  if (dir === undefined || !existsSync(join(dir, INDEX))) {
    addFile(app, '/', await staticFile(INDEX, NO_DASHBOARD));
    return;
  }
  for (const [name, file] of await readFolder(dir)) {
    addFile(app, `/${name}`, file);
    if (name === INDEX) addFile(app, '/', file);
  }
}
