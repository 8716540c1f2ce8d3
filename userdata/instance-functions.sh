#!/bin/bash
# Functions of the scripts on an instance that read secrets with the instance's role, and start programs with them. Run
# Command sends one text, so its scripts contain these functions when they are sent. database.sh and migrate.sh read this
# file of the image.

readonly APP=/opt/minitwit

umask 077
export HOME=/root AWS_PAGER=

# A new role may not be usable immediately.
readonly DEADLINE=$((SECONDS + 120))

# Prints AWS's answer with the secret $1. Further arguments are options of the AWS CLI that choose a version.
read_secret() {
  local response
  until response=$(fetch_secret "$@" 2>/dev/null); do
    if ((SECONDS >= DEADLINE)); then
      echo "Cannot read the secret $1:" >&2
      fetch_secret "$@" >/dev/null || exit 1
    fi
    sleep 2
  done
  printf %s "$response"
}

fetch_secret() {
  timeout 30 aws secretsmanager get-secret-value --output json --secret-id "$@"
}

# Prints the field $1 of the secret in AWS's answer $2. A secret is plain text or, if RDS created it, {"username": …,
# "password": …}. With builtins and pipes, no command line contains a secret.
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

# Prints the password in a secret. The arguments are those of read_secret.
read_password() {
  local response
  response=$(read_secret "$@") || return
  field password "$response"
}

# Sets the database user and the password of the programs to those in the secret $1, which RDS created.
set_login() {
  local response
  response=$(read_secret "$1")
  DB_USER=$(field username "$response")
  DB_PASSWD=$(field password "$response")
  export DB_USER DB_PASSWD
}

# Replaces this shell by the program $1 of MiniTwit, with further arguments. Its user id is 65534, because processes of
# the server's user could read its environment.
run_program() {
  cd "$APP" || exit
  export DB_NAME=minitwit DB_SSL_CA=$APP/rds-ca.pem NODE_ENV=production
  exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs node "dist/$1.js" "${@:2}"
}
