#!/bin/bash
# Creates the tables of MiniTwit, the database user of the server, and the user of the SQL prompt. Run Command runs this
# script as root on an instance, because only instances can reach the database. `npm run cloud -- up` sets the variables
# below.
export AWS_REGION=''
export DB_HOST=''
export MASTER_SECRET=''
export DATABASE_PASSWORD=''
export READER_PASSWORD=''

set -euo pipefail
. "$(dirname "$0")/read-secret.sh"

readonly APP=/opt/minitwit

# An image of an earlier version cannot create the reader.
can_create_reader() {
  [ -e dist/sql.js ] && return
  echo 'The image of this instance cannot create the user "minitwit_reader". Run the commands image, roll, and up --set SetUp=yes.'
  return 1
}

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
  local reader=()
  if [ -n "$READER_PASSWORD" ] && can_create_reader; then
    READER_DB_PASSWD=$(field password "$(read_secret "$READER_PASSWORD")")
    export READER_DB_PASSWD
    reader=(--reader minitwit_reader)
  fi
  run_as_nobody node dist/initdb.js --if-missing --user minitwit "${reader[@]}"
}

main
