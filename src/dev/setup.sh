#!/bin/sh
# Installs the npm packages if they are missing or older than package-lock.json. npm's scripts run this first.

are_installed() {
  [ node_modules/.package-lock.json -nt package-lock.json ]
}

install() {
  for folder in . node_modules; do
    if [ -e "$folder" ] && [ ! -w "$folder" ]; then
      echo "Cannot install the npm packages: you may not write to $(cd "$folder" && pwd). Use a checkout of your own." >&2
      exit 1
    fi
  done
  # Two `npm ci` at the same time would delete each other's packages. macOS has no flock.
  if command -v flock > /dev/null; then
    exec 9< package-lock.json
    flock -n 9 || { echo 'Waiting for another process that installs the npm packages …'; flock 9; }
    if are_installed; then return; fi
  fi
  echo 'Installing the npm packages …'
  npm ci --include=dev --no-audit --no-fund --loglevel=error || exit
}

are_installed || install

# `npm run build` works with any Node that package.json allows. The other scripts run TypeScript, with the Node 24 that
# the package `node` downloads in its install script.
[ "${npm_lifecycle_event:-}" != prebuild ] || exit 0
version=$(PATH="node_modules/.bin:$PATH" node --version 2> /dev/null)
case $version in
  v2[4-9].* | v[3-9]?.*) ;;
  *)
    echo "This needs Node 24, and npm has not installed it (is npm's setting ignore-scripts on?). Run 'npm rebuild node --ignore-scripts=false', or install Node 24." >&2
    exit 1
    ;;
esac
