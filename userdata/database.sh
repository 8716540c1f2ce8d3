#!/bin/bash
# Opens an SQL prompt for an operator, in a session of Session Manager. Only instances can reach the database.
# `npm run cloud -- database` runs this script as root, with these parameters, none of which is a secret:
#
#   database.sh REGION HOST USER SECRET
#
# HOST is the database's host name, and SECRET the ARN of the secret with the password of its user USER.
set -euo pipefail
. "$(dirname "$0")/read-secret.sh"

readonly APP=/opt/minitwit

main() {
  export AWS_REGION=$1 DB_HOST=$2 DB_USER=$3
  local secret
  secret=$(read_secret "$4")
  cd "$APP"
  DB_PASSWD=$(field password "$secret")
  export DB_PASSWD
  export DB_NAME=minitwit DB_SSL_CA=$APP/rds-ca.pem NODE_ENV=production
  if ! (run_as_nobody node dist/sql.js); then
    echo 'If the user is missing, run npm run cloud -- up --set SetUp=yes.' >&2
    exit 1
  fi
}

main "$@"
