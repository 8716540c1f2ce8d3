#!/bin/bash
# Initializes MiniTwit's database: creates the tables, and the database user of the instances. Run Command runs this script as
# root on one of the instances, because only these can connect to the database. `npm run cloud -- up` fills in the lines below.
# They contain no secret, because AWS stores the parameters of Run Command.
export AWS_REGION=''
export DB_HOST=''
export MASTER_SECRET=''
export DATABASE_PASSWORD=''

set -euo pipefail
umask 077
export HOME=/root AWS_PAGER=

readonly APP=/opt/minitwit
# IAM is eventually consistent: a new role is not effective at once.
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
  # Runs as the user with the id 65534, because the server's user could read the environment of its own processes.
  exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
    node dist/initdb.js --if-missing --user minitwit
}

read_secret() {
  local answer
  until answer=$(ask "$1" 2>/dev/null); do
    if ((SECONDS >= GIVE_UP_AT)); then
      echo "Cannot read the secret $1:" >&2
      ask "$1" >/dev/null || exit 1
    fi
    sleep 2
  done
  printf %s "$answer"
}

ask() {
  timeout 30 aws secretsmanager get-secret-value --output json --secret-id "$1"
}

# A secret in Secrets Manager is plain text or, if RDS created it, {"username": …, "password": …}. Only shell builtins and
# pipes pass it on, so that no command line contains it.
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
