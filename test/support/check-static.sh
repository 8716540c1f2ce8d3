#!/usr/bin/env bash
# Checks format, lint, types, words and spelling, side by side. Most results are cached: a second run checks changed
# files only.
set -uo pipefail
cache=node_modules/.cache
mkdir -p "$cache"

prettier --check --cache --log-level warn . &
format=$!
oxlint --quiet &
lint=$!
tsc -p test --incremental --tsBuildInfoFile "$cache/types.tsbuildinfo" &
types=$!
# Production's Node has an older library than the tests'.
tsc --noEmit --incremental --tsBuildInfoFile "$cache/types-of-src.tsbuildinfo" &
types_of_src=$!
node test/language/documents.ts &
words=$!
cspell lint -c test/language/cspell.json --no-progress --no-summary --cache --cache-location "$cache/cspell" &
spelling=$!

status=0
for each in "$format" "$lint" "$types" "$types_of_src" "$words" "$spelling"; do wait "$each" || status=1; done
exit "$status"
