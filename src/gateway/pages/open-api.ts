import { readFile } from 'node:fs/promises';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { addFile, type StaticFile, staticFile } from './static-file.ts';

const DESCRIPTION = `Prices, trades, books and figures of the feed. Decimals are canonical text, never numbers. Times are
milliseconds since 1970 by the venue's clock (\`timestamp\`) and microseconds by ours (\`received_at\`).
Errors are \`{ error, message, details }\`.

Live data comes over WebSockets, which OpenAPI cannot describe: \`/ws/\`, \`/ws/asset/{symbol}/prices/\`,
\`/ws/asset/{symbol}/trades/\`, \`/ws/status/\`; see docs/gateway.md. The Kafka topics with their keys and schemas are in the AsyncAPI
document, \`/docs/asyncapi\`.`;

/** The documentation page needs its own files, and the styles that its script sets. */
const CSP = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
};

/** The files of Swagger UI that the page loads. */
const UI_FILES = ['swagger-ui-bundle.js', 'swagger-ui.css', 'index.css', 'favicon-32x32.png'];

/** The page; `folder` is the relative path of its files, because a proxy may serve it under another path. */
const page = (folder: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>market-feed: the API</title>
<link rel="stylesheet" href="${folder}/swagger-ui.css">
<link rel="stylesheet" href="${folder}/index.css">
<link rel="icon" type="image/png" href="${folder}/favicon-32x32.png" sizes="32x32">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${folder}/swagger-ui-bundle.js"></script>
<script src="${folder}/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: new URL('../json', document.currentScript.src).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
`;

/** Documents all routes that are added later, at /docs. The page loads nothing from other hosts. */
export async function addOpenApi(app: FastifyInstance, withToken: boolean): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'market-feed gateway', version: '1', description: DESCRIPTION },
      tags: [
        { name: 'feed', description: 'The whole feed' },
        { name: 'asset', description: 'One symbol' },
        { name: 'health', description: 'For probes and Prometheus' },
      ],
      ...(withToken ? { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } } : {}),
    },
  });
  for (const [name, file] of await uiFiles()) addFile(app, `/docs/static/${name}`, file, CSP);
  const html = (folder: string): Promise<StaticFile> => staticFile('index.html', page(folder));
  const [fromDocs, inDocs] = await Promise.all([html('docs/static'), html('static')]);
  addFile(app, '/docs', ({ url }) => (/^[^?]*\/(?:\?|$)/.test(url) ? inDocs : fromDocs), CSP);
  let document: Promise<StaticFile> | undefined;
  addFile(app, '/docs/json', () => (document ??= staticFile('openapi.json', JSON.stringify(app.swagger()))), CSP);
}

let loaded: Promise<ReadonlyMap<string, StaticFile>> | undefined;

/** The files of the page. They are loaded once, because it takes a while to compress them. */
function uiFiles(): Promise<ReadonlyMap<string, StaticFile>> {
  const folder = new URL('static/', import.meta.resolve('@fastify/swagger-ui'));
  const read = async (name: string) => [name, await staticFile(name, await readFile(new URL(name, folder)))] as const;
  const all = async () =>
    new Map([['start.js', await staticFile('start.js', START)], ...(await Promise.all(UI_FILES.map(read)))]);
  loaded ??= all();
  return loaded;
}
