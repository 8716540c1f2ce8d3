#!/usr/bin/env bash
# Checks the words, sentences and spelling of comments, messages, titles of tests and documents.
set -uo pipefail
here=test/language

status=0
oxlint --quiet --format unix -c "$here/oxlintrc.json" src bench test || status=1
node "$here/documents.ts" || status=1
cspell lint -c "$here/cspell.json" --no-progress --no-summary --cache \
  --cache-location node_modules/.cache/cspell || status=1
exit "$status"
