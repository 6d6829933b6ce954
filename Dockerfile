# syntax=docker/dockerfile:1
# The image: Node, the five run-time libraries and the sources as they are. No build step, no npm, no root.
ARG BASE_IMAGE=node:26-bookworm-slim

FROM ${BASE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && find node_modules \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

FROM ${BASE_IMAGE}
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn*
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
# What could load code or leak keys from the environment is empty here.
ENV NODE_ENV=production NODE_OPTIONS="" NODE_EXTRA_CA_CERTS="" SSLKEYLOGFILE="" NODE_DEBUG=""
USER 65532:65532
EXPOSE 8080 8443 10254
ENTRYPOINT ["node", "--disable-sigusr1", "--disallow-code-generation-from-strings", "--disable-proto=delete", "--enable-experimental-regexp-engine-on-excessive-backtracks", "--unhandled-rejections=strict", "--tls-min-v1.2", "/app/src/main.ts"]
