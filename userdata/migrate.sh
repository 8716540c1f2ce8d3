#!/bin/bash
# Applies the migrations that the database lacks, if the instance may read the password of RDS's master user, who may
# change tables. userdata/minitwit.sh runs this script as root before it starts the server, with these parameters, none
# of which is a secret:
#
#   migrate.sh HOST SECRET
#
# HOST is the database's host name, and SECRET the ARN of the secret of RDS's master user.
set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

main() {
  export DB_HOST=$1 AWS_REGION
  # arn:aws:secretsmanager:REGION:…
  IFS=: read -r _ _ _ AWS_REGION _ <<<"$2"
  if is_denied "$2"; then
    echo 'This instance may not read the master password, so it does not migrate the database.'
    return
  fi
  set_login "$2"
  run_program migrate
}

# Returns whether AWS denies this instance the secret $1, which is usual and final. Other errors, such as those of the
# network, are retried. read_secret prints the last one.
is_denied() {
  local error
  until error=$(fetch_secret "$1" 2>&1 >/dev/null) || ((SECONDS >= DEADLINE)); do
    [[ $error != *AccessDenied* ]] || return 0
    sleep 2
  done
  return 1
}

main "$@"
