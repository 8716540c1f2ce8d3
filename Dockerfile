# MiniTwit's image. `docker compose up` runs two of it; README.md lists the settings. By hand, with a
# DB_HOST that the container can reach (127.0.0.1 would be the container):
#   docker build -t minitwit .
#   docker run --rm --init --env-file .env minitwit node dist/initdb.js
#   docker run --init --env-file .env -p 5000:5000 minitwit

# Node's official image of its long-term version on Debian's stable one, without what compilers need.
# Not Alpine: Node's project calls its own builds for musl experimental. The digest decides which image this is;
# CONTRIBUTING.md has the command that finds a newer one.
ARG BASE=node:24-trixie-slim@sha256:50c3b2f6988dfc307b86e5301d69611af31f4789bdf232863b07d3b02fe55ae0

FROM ${BASE} AS build
# The packages of production; whatever else npm leaves behind stays in this stage. No package needs to
# run anything when it is installed: the one that would, fetches another Node, of 190 MB.
WORKDIR /production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# An inventory of these packages (CycloneDX), for scanners: /app/sbom.cdx.json of the image. With --omit=dev, npm sbom fails
# on packages of development that are missing, and --package-lock-only leaves out those that production needs as well.
RUN npm pkg delete devDependencies && npm sbom --sbom-format=cyclonedx --sbom-type=application >sbom.cdx.json

WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
RUN node_modules/.bin/tsc

FROM ${BASE}
LABEL org.opencontainers.image.title="MiniTwit"
# also means that no .env is read, should somebody mount one
ENV NODE_ENV=production
# Stack traces name TypeScript. The sizes are in megabytes, for a process: else Node takes them from the size of the
# machine.
ENV NODE_OPTIONS="--enable-source-maps --max-old-space-size=256 --max-semi-space-size=16"
WORKDIR /app
# What changes least comes first. All of it is root's, and MiniTwit writes to no file.
COPY --from=build /production/node_modules node_modules
COPY --from=build /production/sbom.cdx.json ./
COPY package.json schema.sql ./
COPY views views
COPY static static
COPY --from=build /build/dist dist
# Node's image calls it `node`; from a number, supervisors see that it is not root.
USER 1000:1000
EXPOSE 5000
STOPSIGNAL SIGTERM
# Whether the process lives, not its database: to start the process anew would not mend one.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# no shell and no npm, which would keep SIGTERM to themselves
CMD ["node", "dist/server.js"]
