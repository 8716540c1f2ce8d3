#!/bin/bash
# Creates the tables of MiniTwit, and the database user of the instances. Run Command runs this script as root on an
# instance, because only instances can reach the database. `npm run cloud -- up` sets the variables below. None of them
# is a secret, because Run Command stores its commands.
export AWS_REGION=''
export DB_HOST=''
export MASTER_SECRET=''
export DATABASE_PASSWORD=''

set -euo pipefail
umask 077
export HOME=/root AWS_PAGER=

readonly APP=/opt/minitwit
# A new role may not be usable immediately.
readonly DEADLINE=$((SECONDS + 120))

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
  # Runs as the user with the id 65534, because processes of the server's user could read its environment.
  exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
    node dist/initdb.js --if-missing --user minitwit
}

read_secret() {
  local response
  until response=$(fetch_secret "$1" 2>/dev/null); do
    if ((SECONDS >= DEADLINE)); then
      echo "Cannot read the secret $1:" >&2
      fetch_secret "$1" >/dev/null || exit 1
    fi
    sleep 2
  done
  printf %s "$response"
}

fetch_secret() {
  timeout 30 aws secretsmanager get-secret-value --output json --secret-id "$1"
}

# Prints the field $1 of the secret $2. A secret is plain text or, if RDS created it, {"username": …, "password": …}.
# With builtins and pipes, no command line contains a secret.
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
