#!/bin/bash
# Changes which passwords the database accepts for a user. Run Command runs this script as root on
# an instance, because only instances can reach the database. `npm run cloud -- secrets rotate` sets the variables below.
export AWS_REGION=''
export DB_HOST=''
export MASTER_SECRET=''
# The user, minitwit or minitwit_reader, and the secret with its password.
export DATABASE_USER=''
export DATABASE_PASSWORD=''
# The versions of DATABASE_PASSWORD that are AWSCURRENT and AWSPENDING. They are equal after the promotion. If another
# command has moved a stage, AWS refuses to read the version, and nothing is changed.
export CURRENT_VERSION=''
export PENDING_VERSION=''
export COMMAND='' # add or discard-old

set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

main() {
  if [ ! -e "$APP/dist/app-password.js" ]; then
    echo 'The image of this instance cannot change the password. Run the commands image and roll, then try again.' >&2
    exit 1
  fi
  APP_DB_PASSWD=$(read_version AWSCURRENT "$CURRENT_VERSION")
  NEW_APP_DB_PASSWD=$(read_version AWSPENDING "$PENDING_VERSION")
  export APP_DB_PASSWD NEW_APP_DB_PASSWD
  set_login "$MASTER_SECRET"
  local options=()
  # In the database of an earlier version, this user is missing. Its next password is then the one in the secret.
  if [ "$DATABASE_USER" = minitwit_reader ]; then options=(--if-exists); fi
  if ! (run_program app-password "$COMMAND" "$DATABASE_USER" "${options[@]}"); then
    echo 'If the database does not accept the password in Secrets Manager, run npm run cloud -- up --set SetUp=yes, which stores it there.' >&2
    exit 1
  fi
}

read_version() {
  read_password "$DATABASE_PASSWORD" --version-stage "$1" --version-id "$2"
}

main
