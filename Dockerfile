# The image of market-feed: `docker build -t market-feed:0.1.0 .`
# Without an image registry: run deploy/node-base-image/build.sh, then add --build-arg NODE_IMAGE=market-feed/node-base:VERSION.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build-dashboard.ts scripts/
COPY bin bin
COPY src src
COPY dashboard dashboard
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json --declaration false --sourceMap false \
  && node scripts/build-dashboard.ts \
  && rm -f dist/dashboard/.stamp \
  && mkdir -p /state/data /state/spill

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="market-feed" \
  org.opencontainers.image.description="Exchange market data into Kafka: no trade lost in silence, none twice, none rounded" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY bin bin
COPY schemas schemas
COPY config config
# The only folder that the program writes to: the spill, and the files of a file sink.
COPY --from=build --chown=1000:1000 /state /var/lib/market-feed
# The gateway listens on all interfaces of the container. Whoever publishes the port decides who can reach it.
ENV NODE_ENV=production \
  MARKET_FEED__GATEWAY__HOST=0.0.0.0 \
  MARKET_FEED__FILE__DIR=/var/lib/market-feed/data \
  MARKET_FEED__SPILL__DIR=/var/lib/market-feed/spill
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MARKET_FEED__GATEWAY__PORT ?? 8080}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/market-feed.js"]
CMD ["run"]
