#!/bin/bash
# Opens an SQL prompt for an operator, in a session of Session Manager. Only instances can reach the database.
# `npm run cloud -- database` runs this script as root, with these parameters, none of which is a secret:
#
#   database.sh REGION HOST USER SECRET
#
# HOST is the database's host name, and SECRET the ARN of the secret with the password of its user USER.
set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

main() {
  export AWS_REGION=$1 DB_HOST=$2 DB_USER=$3
  DB_PASSWD=$(read_password "$4")
  export DB_PASSWD
  if ! (run_program sql); then
    echo 'If the user is missing, run npm run cloud -- up --set SetUp=yes.' >&2
    exit 1
  fi
}

main "$@"
