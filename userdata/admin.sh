#!/bin/bash
# Runs a command of `npm run admin`. Run Command runs this script as root on an instance, because only instances can reach
# the database. `npm run cloud -- admin` sets the variables below.
export AWS_REGION=''
export DB_HOST=''
# The secret with the password of the server's database user.
export DATABASE_PASSWORD=''
# The address of the site, for links.
export SITE_URL=''
# The words of the command, each with a NUL byte after it, in base64. So neither a shell nor Run Command, which replaces
# names in braces, interprets them.
export WORDS=''

set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

main() {
  if [ ! -e "$APP/dist/admin.js" ]; then
    echo 'The image of this instance has no admin program. Run the commands image and roll, then try again.' >&2
    exit 1
  fi
  DB_PASSWD=$(read_password "$DATABASE_PASSWORD")
  export DB_PASSWD DB_USER=minitwit
  local words
  mapfile -d '' -t words < <(printf %s "$WORDS" | base64 --decode)
  run_program admin "${words[@]}"
}

main
