#!/bin/bash
# Prepares an instance for the creation of MiniTwit's image (AMI):
#
#   1. Launch an instance with Amazon Linux 2023, and copy a checkout of this repository to it.
#   2. Run: sudo bash userdata/image.sh
#   3. Create the image. Launch instances from it with userdata/minitwit.sh as user data.
#
# `npm run cloud -- image` does all of this except for the launch, without a key pair, and deletes its instance. The
# script installs MiniTwit in /opt/minitwit, and upgrades it if the instance has an earlier version. Then it deletes
# keys, histories, logs and the checkout. AFTERWARDS NO USER CAN LOG IN TO THIS INSTANCE.
set -euo pipefail
umask 022

readonly APP=/opt/minitwit
readonly AGENT=/opt/aws/amazon-cloudwatch-agent
readonly CA_URL=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
# Linux assigns ports from 32768 to clients, so no client can occupy this port.
readonly SMOKE_TEST_PORT=17115
readonly SMOKE_TEST_MAX_S=60

main() {
  checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  check_host
  # On Amazon Linux /tmp is in memory, and a micro instance has little memory.
  work=$(mktemp -d /var/tmp/minitwit-image.XXXXXX)
  release=$APP.$(date -u +%Y%m%dT%H%M%SZ)
  # A failed run also deletes its unfinished release.
  trap 'rm -rf "$work"; [ "$(readlink "$APP")" = "$release" ] || rm -rf "$release"' EXIT

  install_node
  install_log_agent
  build
  fill_release
  smoke_test_release
  switch_to_release
  delete_personal_data
  echo "$APP is ready. Create the image now. To leave this shell without saving its history: kill -9 \$\$"
}

check_host() {
  ((EUID == 0)) || fail 'This needs root. Run: sudo bash userdata/image.sh'
  # The deletion at the end would damage any other computer.
  grep -qs '^ID="\?amzn"\?$' /etc/os-release || fail 'This is not Amazon Linux.'
  grep -qs '"name": "minitwit"' "$checkout/package.json" ||
    fail "$checkout is not a checkout of MiniTwit."
}

install_node() {
  echo 'Installing Node.js 24 …'
  dnf install --assumeyes --quiet nodejs24 nodejs24-npm
  # The package installs node-24. This command makes it the default `node`.
  alternatives --set node /usr/bin/node-24
}

# The user data starts the agent, which sends the server's journal and the used memory to CloudWatch.
install_log_agent() {
  echo 'Installing the CloudWatch agent …'
  dnf install --assumeyes --quiet amazon-cloudwatch-agent
  grep -qs '"journald"' $AGENT/doc/amazon-cloudwatch-agent-schema.json ||
    fail 'This release of Amazon Linux has a CloudWatch agent that cannot read the journal. Use a newer release.'
  usermod --append --groups systemd-journal cwagent
  install -D -m 644 "$checkout/userdata/cloudwatch-agent.conf" \
    /etc/systemd/system/amazon-cloudwatch-agent.service.d/minitwit.conf
  # The default is a tenth of the disk.
  install -D -m 644 /dev/stdin /etc/systemd/journald.conf.d/minitwit.conf <<<$'[Journal]\nSystemMaxUse=300M'
}

# npm writes to $work only. No package needs its install script. Those of development dependencies install programs that
# the build does not use, such as a second Node.js.
npm_ci() {
  npm ci --cache "$work/npm" --ignore-scripts --no-audit --no-fund \
    --no-update-notifier --loglevel=error "$@"
}

# npm and tsc need 600 MB of memory, which a micro instance has.
build() {
  echo 'Building …'
  # Only named files are copied, so the image contains neither .env nor other local files.
  (
    cd "$checkout"
    cp -r package.json package-lock.json tsconfig.json schema.sql migrations src static views "$work"
  )
  cd "$work"
  npm_ci --include=dev
  node node_modules/typescript/bin/tsc
  npm_ci --omit=dev
  # Scanners read this inventory of the packages (CycloneDX). With --omit=dev, npm sbom fails because development
  # packages are missing.
  npm pkg delete devDependencies --cache "$work/npm"
  npm sbom --sbom-format=cyclonedx --sbom-type=application --cache "$work/npm" >sbom.cdx.json
}

fill_release() {
  mkdir "$release"
  cp -r dist migrations static views schema.sql package.json package-lock.json sbom.cdx.json node_modules "$release"
  cp "$checkout"/userdata/{cloudwatch-agent.json,database.sh,instance-functions.sh,migrate.sh,scheduled-run.sh} "$release"
  # A scheduled run of the warehouse unpacks the sources on an instance of its own, and installs the development packages.
  (
    cd "$checkout"
    tar --create --gzip --file="$release/warehouse.tar.gz" \
      package.json package-lock.json tsconfig.json schema.sql migrations src static userdata views
  )
  curl -fsS --retry 5 -o "$release/rds-ca.pem" "$CA_URL"
  node -e 'new crypto.X509Certificate(fs.readFileSync(process.argv[1]))' "$release/rds-ca.pem" ||
    fail "$CA_URL did not return a certificate."
  # ec2-user runs the server, and must not be able to change it.
  chown -R root:root "$release"
  chmod -R u=rwX,go=rX "$release"
}

smoke_test_release() {
  echo 'Testing the server …'
  local server deadline=$((SECONDS + SMOKE_TEST_MAX_S))
  cd "$release"
  env -i PATH="$PATH" NODE_ENV=production HOST=127.0.0.1 PORT=$SMOKE_TEST_PORT \
    DB_HOST=database.invalid DB_USER=none DB_PASSWD=none DB_NAME=none DB_SSL_CA=rds-ca.pem \
    SESSION_SECRET=a-secret-for-this-smoke-test-only \
    setpriv --reuid=ec2-user --regid=ec2-user --init-groups --no-new-privs \
    node dist/server.js >"$work/server.log" 2>&1 &
  server=$!
  until curl -fs -o /dev/null -m 2 http://127.0.0.1:$SMOKE_TEST_PORT/healthz; do
    if ! kill -0 $server 2>/dev/null || ((SECONDS >= deadline)); then
      kill -KILL $server 2>/dev/null || true
      fail "The server does not start. The end of its log:
$(tail -n 20 "$work/server.log")"
    fi
    sleep 0.2
  done
  kill -TERM $server
  wait $server || fail 'The server does not stop at SIGTERM.'
}

# Replaces the link atomically, so that /opt/minitwit is complete at any moment.
switch_to_release() {
  [ -L $APP ] || rm -rf $APP
  ln -sfn "$release" "$APP.link"
  mv -T "$APP.link" $APP
  find "$(dirname $APP)" -maxdepth 1 -name "$(basename $APP).*" ! -path "$release" -exec rm -rf {} +
}

delete_personal_data() {
  echo 'Deleting personal data and secrets …'
  # An instance with an earlier image of MiniTwit has these files of minitwit.sh.
  systemctl stop minitwit.service 2>/dev/null || true
  systemctl disable --quiet --now amazon-cloudwatch-agent.service 2>/dev/null || true
  rm -rf $AGENT/logs/* $AGENT/etc/amazon-cloudwatch-agent.{json,toml,yaml}
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
  # cloud-init stores all user data. On the first boot of an instance, cloud-init and systemd create these files again.
  # The link `instance` must remain: cloud-init is still running, would create a directory in its place, and could never
  # start again. It replaces a dangling link.
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
