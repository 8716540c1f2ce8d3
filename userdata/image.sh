#!/bin/bash
# Prepares the image (AMI) of MiniTwit's instances, on an instance that exists for this alone:
#
#   1. launch a plain Amazon Linux 2023, and copy a checkout of this repository to it
#   2. sudo bash userdata/image.sh
#   3. create the image, and launch from it with userdata/minitwit.sh as user data
#
# `npm run cloud -- image` does all but the launch, without a key pair, and removes what it needed.
# /opt/minitwit then holds what runs. What is personal or secret is deleted at the end, and that is
# thorough: keys, histories, logs and the checkout go, and nobody can log in to THIS instance again.
# Run on an instance of an earlier image, with a newer checkout, it upgrades.
set -euo pipefail
umask 022

readonly APP=/opt/minitwit
readonly AUTHORITY=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
# Linux assigns ports from 32768 on to connections of clients, so no client can occupy this one.
readonly TRY_PORT=17115
readonly TRY_MAX_S=60

main() {
  checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  check_place
  # not in /tmp: on Amazon Linux that is memory, of which a micro instance has little
  work=$(mktemp -d /var/tmp/minitwit-image.XXXXXX)
  release=$APP.$(date -u +%Y%m%dT%H%M%SZ)
  # what a failed run had begun goes as well
  trap 'rm -rf "$work"; [ "$(readlink "$APP")" = "$release" ] || rm -rf "$release"' EXIT

  install_node
  build
  fill_release
  try_release
  switch_to_release
  delete_what_is_personal
  echo "$APP is ready: create the image now. To leave this shell without its history: kill -9 \$\$"
}

check_place() {
  ((EUID == 0)) || fail 'only root can do this: sudo bash userdata/image.sh'
  # On anybody's own computer the last step would do harm.
  grep -qs '^ID="\?amzn"\?$' /etc/os-release || fail 'this is not Amazon Linux'
  grep -qs '"name": "minitwit"' "$checkout/package.json" ||
    fail "$checkout is no checkout of MiniTwit"
}

install_node() {
  echo 'Installing Node.js 24 …'
  dnf install --assumeyes --quiet nodejs24 nodejs24-npm
  # The package brings node-24; which of all versions is called node is decided by this.
  alternatives --set node /usr/bin/node-24
}

# All that npm leaves behind is in $work. No package needs its install script: those of the
# development dependencies bring programs, Node.js once more among them, that no build uses.
npm_ci() {
  npm ci --cache "$work/npm" --ignore-scripts --no-audit --no-fund \
    --no-update-notifier --loglevel=error "$@"
}

# A micro instance has memory enough: npm and tsc do with 600 MB.
build() {
  echo 'Building …'
  # A copy of what is needed by name: neither .env nor anything else that lies around gets in.
  (
    cd "$checkout"
    cp -r package.json package-lock.json tsconfig.json schema.sql src static views "$work"
  )
  cd "$work"
  npm_ci --include=dev
  node node_modules/typescript/bin/tsc
  npm_ci --omit=dev
  # An inventory of these packages (CycloneDX), for scanners. With --omit=dev, npm sbom fails on packages of
  # development that are missing.
  npm pkg delete devDependencies --cache "$work/npm"
  npm sbom --sbom-format=cyclonedx --sbom-type=application --cache "$work/npm" >sbom.cdx.json
}

fill_release() {
  mkdir "$release"
  cp -r dist static views schema.sql package.json package-lock.json sbom.cdx.json node_modules "$release"
  curl -fsS --retry 5 -o "$release/rds-ca.pem" "$AUTHORITY"
  node -e 'new crypto.X509Certificate(fs.readFileSync(process.argv[1]))' "$release/rds-ca.pem" ||
    fail "$AUTHORITY gave no certificate"
  # ec2-user, who runs it, may read it and no more
  chown -R root:root "$release"
  chmod -R u=rwX,go=rX "$release"
}

try_release() {
  echo 'Trying it …'
  local server give_up_at=$((SECONDS + TRY_MAX_S))
  cd "$release"
  env -i PATH="$PATH" NODE_ENV=production HOST=127.0.0.1 PORT=$TRY_PORT \
    DB_HOST=database.invalid DB_USER=nobody DB_PASSWD=none DB_NAME=none DB_SSL_CA=rds-ca.pem \
    SESSION_SECRET=for-a-try-that-nobody-else-can-reach \
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
  wait $server || fail 'the server does not stop as it should'
}

# A link is replaced in one step: at no moment is there half a MiniTwit, or none.
switch_to_release() {
  [ -L $APP ] || rm -rf $APP
  ln -sfn "$release" "$APP.link"
  mv -T "$APP.link" $APP
  find "$(dirname $APP)" -maxdepth 1 -name "$(basename $APP).*" ! -path "$release" -exec rm -rf {} +
}

delete_what_is_personal() {
  echo 'Deleting what is personal or secret …'
  # where the instance came from an image of ours, what minitwit.sh made
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
  # cloud-init keeps each user data; it and systemd make all of these anew on an instance's first boot
  # but for the link `instance`: cloud-init, which still runs, would make a folder where none is, and then
  # never start again; it replaces a link that leads nowhere
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
