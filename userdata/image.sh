#!/bin/bash
# Prepares the image (AMI) of MiniTwit's instances, on a temporary instance:
#
#   1. launch a plain Amazon Linux 2023, and copy a checkout of this repository to it
#   2. sudo bash userdata/image.sh
#   3. create the image, and launch from it with userdata/minitwit.sh as user data
#
# `npm run cloud -- image` does all of this except the launch. It needs no key pair, and deletes its temporary resources.
#
# The script installs MiniTwit in /opt/minitwit. At the end, it deletes all personal and secret files: keys, histories, logs
# and the checkout. No user can log in to THIS instance afterwards. On an instance of an earlier image, with a newer checkout,
# it upgrades MiniTwit.
set -euo pipefail
umask 022

readonly APP=/opt/minitwit
readonly AUTHORITY=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
# Linux gives outgoing connections ports above 32767, so no connection can occupy this one.
readonly TRY_PORT=17115
readonly TRY_MAX_S=60

main() {
  checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  check_system
  # On Amazon Linux, /tmp is in memory, and a micro instance has little memory.
  work=$(mktemp -d /var/tmp/minitwit-image.XXXXXX)
  release=$APP.$(date -u +%Y%m%dT%H%M%SZ)
  # Also deletes the incomplete release of a failed run.
  trap 'rm -rf "$work"; [ "$(readlink "$APP")" = "$release" ] || rm -rf "$release"' EXIT

  install_node
  build
  fill_release
  try_release
  switch_to_release
  delete_personal_files
  echo "$APP is ready: create the image now. To leave this shell without its history: kill -9 \$\$"
}

check_system() {
  ((EUID == 0)) || fail 'only root can do this: sudo bash userdata/image.sh'
  # The last step would delete a user's own files on any other computer.
  grep -qs '^ID="\?amzn"\?$' /etc/os-release || fail 'this is not Amazon Linux'
  grep -qs '"name": "minitwit"' "$checkout/package.json" ||
    fail "$checkout is no checkout of MiniTwit"
}

install_node() {
  echo 'Installing Node.js 24 …'
  dnf install --assumeyes --quiet nodejs24 nodejs24-npm
  # The package installs node-24. This command selects it as `node`.
  alternatives --set node /usr/bin/node-24
}

# All of npm's files are in $work. No package needs its install script. Those of the development dependencies download
# programs that the build does not use, such as another Node.js.
npm_ci() {
  npm ci --cache "$work/npm" --ignore-scripts --no-audit --no-fund \
    --no-update-notifier --loglevel=error "$@"
}

# npm and tsc need 600 MB, which a micro instance has.
build() {
  echo 'Building …'
  # Copies only the listed files, so that no .env can be in the image.
  (
    cd "$checkout"
    cp -r package.json package-lock.json tsconfig.json schema.sql src static views "$work"
  )
  cd "$work"
  npm_ci --include=dev
  node node_modules/typescript/bin/tsc
  npm_ci --omit=dev
  # An inventory of these packages (CycloneDX) for scanners. `npm sbom --omit=dev` fails because development packages are
  # missing.
  npm pkg delete devDependencies --cache "$work/npm"
  npm sbom --sbom-format=cyclonedx --sbom-type=application --cache "$work/npm" >sbom.cdx.json
}

fill_release() {
  mkdir "$release"
  cp -r dist static views schema.sql package.json package-lock.json sbom.cdx.json node_modules "$release"
  curl -fsS --retry 5 -o "$release/rds-ca.pem" "$AUTHORITY"
  node -e 'new crypto.X509Certificate(fs.readFileSync(process.argv[1]))' "$release/rds-ca.pem" ||
    fail "$AUTHORITY returned no certificate"
  # The server's user, ec2-user, may only read the files.
  chown -R root:root "$release"
  chmod -R u=rwX,go=rX "$release"
}

try_release() {
  echo 'Testing the server …'
  local server give_up_at=$((SECONDS + TRY_MAX_S))
  cd "$release"
  env -i PATH="$PATH" NODE_ENV=production HOST=127.0.0.1 PORT=$TRY_PORT \
    DB_HOST=database.invalid DB_USER=none DB_PASSWD=none DB_NAME=none DB_SSL_CA=rds-ca.pem \
    SESSION_SECRET=public-secret-of-a-test-on-loopback \
    setpriv --reuid=ec2-user --regid=ec2-user --init-groups --no-new-privs \
    node dist/server.js >"$work/server.log" 2>&1 &
  server=$!
  until curl -fs -o /dev/null -m 2 http://127.0.0.1:$TRY_PORT/healthz; do
    if ! kill -0 $server 2>/dev/null || ((SECONDS >= give_up_at)); then
      kill -KILL $server 2>/dev/null || true
      fail "the server does not start:
$(tail -n 20 "$work/server.log")"
    fi
    sleep 0.2
  done
  kill -TERM $server
  wait $server || fail 'the server does not exit with status 0'
}

# `mv` replaces the link atomically, so that a complete release is always installed.
switch_to_release() {
  [ -L $APP ] || rm -rf $APP
  ln -sfn "$release" "$APP.link"
  mv -T "$APP.link" $APP
  find "$(dirname $APP)" -maxdepth 1 -name "$(basename $APP).*" ! -path "$release" -exec rm -rf {} +
}

delete_personal_files() {
  echo 'Deleting personal and secret files …'
  # Deletes the files of minitwit.sh, which exist if this instance was started from an earlier image.
  systemctl stop minitwit.service 2>/dev/null || true
  rm -f /etc/minitwit.env /usr/local/sbin/minitwit-secrets \
    /etc/systemd/system/{minitwit,minitwit-secrets,multi-user.target.wants/minitwit}.service

  local home
  for home in /root /home/*; do
    (
      cd "$home"
      rm -rf .ssh .aws .npm .npmrc .netrc .gitconfig .git-credentials .cache .config .local \
        .*_history .lesshst .viminfo
    )
  done
  # cloud-init stores each user data. cloud-init and systemd create all of these files again on an instance's first boot. The
  # link `instance` stays: without it, cloud-init, which still runs, would create a folder there, and would never start again.
  # It replaces a link that leads nowhere.
  rm -rf /var/lib/cloud/{data,instances,sem} /etc/ssh/ssh_host_*_key{,.pub} \
    /var/lib/systemd/random-seed
  : >/etc/machine-id
  dnf clean all --quiet
  find /var/log -type f -delete
  cd /
  rm -rf "$checkout"
}

fail() {
  echo "image.sh: $1" >&2
  exit 1
}

main
