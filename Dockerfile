# Builds MiniTwit's container image. `docker compose up` runs two containers of it. README.md lists the settings. To run
# it without compose, set DB_HOST to an address that the container can reach (127.0.0.1 is the container itself):
#   docker build -t minitwit .
#   docker run --rm --init --env-file .env minitwit node dist/initdb.js
#   docker run --init --env-file .env -p 5000:5000 minitwit

# Node's official image of the long-term support version on stable Debian, without build tools. Alpine was rejected:
# Node's builds for musl are experimental. CONTRIBUTING.md has the command that prints a newer digest.
ARG BASE=node:24-trixie-slim@sha256:50c3b2f6988dfc307b86e5301d69611af31f4789bdf232863b07d3b02fe55ae0

FROM ${BASE} AS build
# Production packages. npm's caches stay in this stage. No package needs an install script. The only package that has
# one would download another Node of 190 MB.
WORKDIR /production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# An inventory of these packages (CycloneDX) for scanners, /app/sbom.cdx.json in the image. `npm sbom --omit=dev` fails
# because development packages are missing, and --package-lock-only omits packages that both production and development
# need.
RUN npm pkg delete devDependencies && npm sbom --sbom-format=cyclonedx --sbom-type=application >sbom.cdx.json

WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
RUN node_modules/.bin/tsc

FROM ${BASE}
LABEL org.opencontainers.image.title="MiniTwit"
# In production, MiniTwit does not read a mounted .env.
ENV NODE_ENV=production
# Stack traces show TypeScript. The heap sizes are in megabytes for each process. By default, Node derives them from the
# machine's memory.
ENV NODE_OPTIONS="--enable-source-maps --max-old-space-size=256 --max-semi-space-size=4"
WORKDIR /app
# The layers that change least come first. All files belong to root, and MiniTwit writes to none of them.
COPY --from=build /production/node_modules node_modules
COPY --from=build /production/sbom.cdx.json ./
COPY package.json schema.sql ./
COPY migrations migrations
COPY views views
COPY static static
COPY --from=build /build/dist dist
# The user `node` of Node's image. Supervisors can only verify from a number that it is not root.
USER 1000:1000
EXPOSE 5000
STOPSIGNAL SIGTERM
# Checks the process, not its database, because a restart of the process would not repair the database.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node runs without a shell or npm, because these do not forward SIGTERM.
CMD ["node", "dist/server.js"]
