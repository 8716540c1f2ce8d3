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
. "$(dirname "$0")/instance-functions.sh"

# An image of an earlier version cannot create the reader.
can_create_reader() {
  [ -e "$APP/dist/sql.js" ] && return
  echo 'The image of this instance cannot create the user "minitwit_reader". Run the commands image, roll, and up --set SetUp=yes.'
  return 1
}

main() {
  set_login "$MASTER_SECRET"
  APP_DB_PASSWD=$(read_password "$DATABASE_PASSWORD")
  export APP_DB_PASSWD
  local reader=()
  if [ -n "$READER_PASSWORD" ] && can_create_reader; then
    READER_DB_PASSWD=$(read_password "$READER_PASSWORD")
    export READER_DB_PASSWD
    reader=(--reader minitwit_reader)
  fi
  run_program initdb --if-missing --user minitwit "${reader[@]}"
}

main
