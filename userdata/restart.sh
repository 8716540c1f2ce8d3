#!/bin/bash
# Restarts the server of an instance if it does not use the current secrets. The restart drains the server first. Run
# Command runs this script as root. `npm run cloud -- secrets rotate` sets the variables below. The last line of the
# output is `current`, `restarted` or `outdated`.
export AWS_REGION=''
export DATABASE_PASSWORD=''
export DATABASE_PASSWORD_VERSION=''
export SESSION_SECRET=''
export SESSION_SECRET_VERSION=''
export MAY_RESTART='' # yes or no

set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

readonly SETTINGS=/etc/minitwit.env
# A restart takes as long as the drain, the start, and the first connection to the database.
readonly READY_MAX_S=120
# Secrets Manager is eventually consistent, so a server that restarts at once may read the previous version.
readonly RESTARTS_MAX=3

main() {
  local password session restarts=0
  # A second operator's command waits here, and then finds that the server uses the secrets.
  exec 9>/run/minitwit-restart.lock
  flock 9
  password=$(read_version "$DATABASE_PASSWORD" "$DATABASE_PASSWORD_VERSION")
  session=$(read_version "$SESSION_SECRET" "$SESSION_SECRET_VERSION")
  until uses "DB_PASSWD=$password" "SESSION_SECRET=$session"; do
    if [ "$MAY_RESTART" != yes ]; then
      echo outdated
      return
    fi
    if ((restarts == RESTARTS_MAX)); then
      echo 'The server does not use the current secrets after its restarts. Compare DB_PASSWD_FROM and SESSION_SECRET_FROM in /etc/minitwit.env with the secrets of the stack.' >&2
      exit 1
    fi
    ((restarts += 1))
    systemctl restart minitwit.service
    wait_until_ready
  done
  if ((restarts > 0)); then echo restarted; else echo current; fi
}

# If another command has made another version the current one, AWS refuses to read the version.
read_version() {
  read_password "$1" --version-id "$2" --version-stage AWSCURRENT
}

# Returns whether the environment of the server has all these settings. With builtins, no command line contains a secret.
uses() {
  local pid setting missing=$#
  pid=$(systemctl show --property MainPID --value minitwit.service)
  [ "$pid" != 0 ] || return
  while IFS= read -r -d '' setting; do
    if [ "$setting" = "$1" ] || [ "$setting" = "$2" ]; then ((missing -= 1)); fi
  done <"/proc/$pid/environ"
  ((missing == 0))
}

wait_until_ready() {
  local port deadline=$((SECONDS + READY_MAX_S))
  port=$(sed -n 's/^PORT="\(.*\)"$/\1/p' "$SETTINGS")
  until curl -fs -o /dev/null -m 5 "http://127.0.0.1:${port:-5000}/readyz"; do
    if ((SECONDS >= deadline)); then
      echo "The server is not ready after its restart. The end of its log:" >&2
      journalctl --unit minitwit.service --unit minitwit-secrets.service --lines 20 --output cat --no-pager >&2
      exit 1
    fi
    sleep 1
  done
}

main
