#!/bin/bash
# Creates the tables of MiniTwit, and the database user of the instances. Run Command runs this script as root on an
# instance, because only instances can reach the database. `npm run cloud -- up` sets the variables below.
export AWS_REGION=''
export DB_HOST=''
export MASTER_SECRET=''
export DATABASE_PASSWORD=''

set -euo pipefail
. "$(dirname "$0")/read-secret.sh"

readonly APP=/opt/minitwit

main() {
  local master app
  master=$(read_secret "$MASTER_SECRET")
  app=$(read_secret "$DATABASE_PASSWORD")
  cd "$APP"
  DB_USER=$(field username "$master")
  DB_PASSWD=$(field password "$master")
  APP_DB_PASSWD=$(field password "$app")
  export DB_USER DB_PASSWD APP_DB_PASSWD
  export DB_NAME=minitwit DB_SSL_CA=$APP/rds-ca.pem NODE_ENV=production
  run_as_nobody node dist/initdb.js --if-missing --user minitwit
}

main
