#!/bin/bash
# Sets MiniTwit's database up, once: its tables, and the user with whom the instances log in. Run Command runs
# this as root on one of them, since nobody else reaches the database. `npm run cloud -- up` fills in the first
# lines; no secret is among them, since Run Command keeps what it was given.
export AWS_REGION=''
export DB_HOST=''
export MASTER_SECRET=''
export DATABASE_PASSWORD=''

set -euo pipefail
umask 077
export HOME=/root AWS_PAGER=

readonly APP=/opt/minitwit
# A role that was made just now may take a moment.
readonly GIVE_UP_AT=$((SECONDS + 120))

main() {
  local master own
  master=$(read_secret "$MASTER_SECRET")
  own=$(read_secret "$DATABASE_PASSWORD")
  cd "$APP"
  DB_USER=$(field username "$master")
  DB_PASSWD=$(field password "$master")
  APP_DB_PASSWD=$(field password "$own")
  export DB_USER DB_PASSWD APP_DB_PASSWD
  export DB_NAME=minitwit DB_SSL_CA=$APP/rds-ca.pem NODE_ENV=production
  # as nobody, since the server's user could look into its environment
  exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
    node dist/initdb.js --if-missing --user minitwit
}

read_secret() {
  local answer
  until answer=$(ask "$1" 2>/dev/null); do
    if ((SECONDS >= GIVE_UP_AT)); then
      echo "$1 could not be read:" >&2
      ask "$1" >/dev/null || exit 1
    fi
    sleep 2
  done
  printf %s "$answer"
}

ask() {
  timeout 30 aws secretsmanager get-secret-value --output json --secret-id "$1"
}

# Secrets Manager holds plain text or, where RDS made it, {"username": …, "password": …}. Builtins and
# pipes: no command line ever shows a secret.
field() {
  printf %s "$2" | node -e '
    const { SecretString } = JSON.parse(fs.readFileSync(0, "utf8"));
    process.stdout.write(fieldOf(SecretString) ?? SecretString);
    function fieldOf(text) {
      try {
        return JSON.parse(text)[process.argv[1]];
      } catch {
        return undefined;
      }
    }' "$1"
}

main
