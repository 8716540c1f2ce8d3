#!/bin/sh
# Installs the npm packages where they are missing or older than package-lock.json. npm's scripts run this first.
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit; fi
for folder in . node_modules; do
  if [ -e "$folder" ] && [ ! -w "$folder" ]; then
    echo "Cannot install the npm packages: you may not write to $(cd "$folder" && pwd). Use a checkout of your own." >&2
    exit 1
  fi
done
echo 'Installing the npm packages …'
exec npm ci --include=dev --no-audit --no-fund --loglevel=error
