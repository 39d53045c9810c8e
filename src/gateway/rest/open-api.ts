import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

const DESCRIPTION = `Prices, trades, books and figures of the feed. Decimals are canonical text, never numbers. Times are
milliseconds since 1970 by the venue's clock (\`timestamp\`) and microseconds by ours (\`received_at\`).
Errors are \`{ error, message, details }\`.

Live data comes over WebSockets, which OpenAPI cannot describe: \`/ws/\`, \`/ws/asset/{symbol}/prices/\`,
\`/ws/asset/{symbol}/trades/\`, \`/ws/status/\`; see docs/gateway.md.`;

/** The documentation page needs its own files, and the styles that its script sets. */
const DOCS_CSP =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

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
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    uiConfig: { validatorUrl: null, deepLinking: true },
  });
}
