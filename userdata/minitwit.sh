#!/bin/bash
# User data of a MiniTwit instance. Fill in the settings, and paste all of this into the launch of an
# Amazon Linux 2023 instance whose image userdata/image.sh prepared. It may be run again by hand.

# The settings, which README.md explains. Between single quotes every character stands for itself; a
# ' among them is written '\''.
export DB_HOST='' # the endpoint that RDS shows
export DB_USER=''
export DB_NAME=''
export DB_SSL_CA='/opt/minitwit/rds-ca.pem'
export TRUST_PROXY='1'
# The networks of load balancer, database and name server: '10.0.0.0/8 172.16.0.0/12' for one. The server then exchanges
# packets with no other address. Without any, the metadata service alone is denied.
export SERVER_NETWORKS=''
# Two are secret, and every process of an instance can read its user data. So, rather than a secret,
# give the place of it: `ssm:/NAME` or `secretsmanager:NAME`, which the instance's role must be
# allowed to read. It is read at each start of the service.
export DB_PASSWD=''
export DB_PASSWD_FROM=''
export SESSION_SECRET=''
export SESSION_SECRET_FROM=''
# export AWS_REGION='' # of those two places; the instance's own, unless it is set
# export PORT='5000'
# export DB_PORT='3306'
# export DB_POOL_SIZE='10'
# export COOKIE_SECURE='auto'
# export PASSWORD_MIN_LENGTH='8'
# export WEB_CONCURRENCY='1'
# export METRICS_PORT=''
# export METRICS_HOST='127.0.0.1' # 0.0.0.0: for a Prometheus elsewhere
export DRAIN_DELAY_S='15' # longer than the load balancer takes to notice
export DRAIN_MAX_S='30'
# export LOG_LEVEL='info'
# export RATE_LIMITS='on'
# export GRAVATAR='off'
# export HSTS='host'
# export SECURITY_CONTACT='mailto:security@example.com'
# export LIMIT_POSTS_PER_USER='60' # and the other LIMIT_…

set -euo pipefail
umask 077

readonly PASSED_ON=(
  DB_HOST DB_PORT DB_USER DB_PASSWD DB_PASSWD_FROM DB_NAME DB_SSL_CA DB_POOL_SIZE
  SESSION_SECRET SESSION_SECRET_FROM AWS_REGION PORT TRUST_PROXY COOKIE_SECURE COOKIE_PREFIX
  PASSWORD_MIN_LENGTH WEB_CONCURRENCY METRICS_PORT METRICS_HOST DRAIN_DELAY_S DRAIN_MAX_S LOG_LEVEL
  RATE_LIMITS GRAVATAR HSTS SECURITY_CONTACT "${!LIMIT_@}"
)
readonly APP=/opt/minitwit
readonly UP_MAX_S=180

main() {
  local problems
  problems=$(list_problems)
  if [ -n "$problems" ]; then
    say "MiniTwit was not started, and nothing was changed. Settings that need attention:
$problems"
    exit 1
  fi
  write_settings | put /etc/minitwit.env 600
  write_secrets_program | put /usr/local/sbin/minitwit-secrets 700
  write_secrets_unit | put /etc/systemd/system/minitwit-secrets.service 644
  write_unit | put /etc/systemd/system/minitwit.service 644
  systemctl daemon-reload
  systemctl enable --quiet minitwit.service
  # A restart, since an earlier run of this may have started it with other settings.
  if systemctl restart minitwit.service && answers; then
    say "MiniTwit is up, on port ${PORT:-5000}."
  else
    say "MiniTwit does not answer on port ${PORT:-5000}; systemd keeps trying. Its last words:
$(journalctl --unit minitwit.service --unit minitwit-secrets.service --lines 20 --output cat --no-pager)"
    exit 1
  fi
}

list_problems() {
  local name from
  for name in DB_HOST DB_USER DB_NAME; do
    [ -n "${!name:-}" ] || echo "  $name is not set"
  done
  for name in DB_PASSWD SESSION_SECRET; do
    from=${name}_FROM
    case ${!name:+value}${!from:+place} in
      valueplace) echo "  $name and $from are both set: give one of them" ;;
      '') echo "  $name is not set, nor is $from" ;;
    esac
    case ${!from:-} in
      '' | ssm:?* | secretsmanager:?*) ;;
      *) echo "  $from must be ssm:NAME or secretsmanager:NAME" ;;
    esac
  done
  # This script calculates with these two. The server checks all other settings itself.
  [[ ${DRAIN_MAX_S:-0} =~ ^[0-9]{1,4}$ ]] || echo '  DRAIN_MAX_S must be a whole number of seconds'
  [[ ${WEB_CONCURRENCY:-1} =~ ^[0-9]{1,3}$ ]] || echo '  WEB_CONCURRENCY must be a whole number'
  [ -e $APP/dist/server.js ] || echo "  $APP holds no MiniTwit: this image is not of image.sh"
}

# cloud-init puts what we say into its log, but not everywhere on the console that EC2 shows.
say() {
  echo "$1" >&2
  { echo "$1" >/dev/console; } 2>/dev/null || true
}

# Replaces a file as a whole: what reads it finds the old one or the new one.
put() {
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}

# In systemd's syntax for environment files, which knows no escapes but these.
write_settings() {
  local name
  for name in "${PASSED_ON[@]}"; do
    [ -z "${!name:-}" ] ||
      printf '%s="%s"\n' "$name" "$(printf %s "${!name}" | LC_ALL=C sed 's/[\\"$`]/\\&/g')"
  done
}

write_secrets_program() {
  cat <<'EOF'
#!/bin/bash
# Reads the secrets whose places are set (DB_PASSWD_FROM, SESSION_SECRET_FROM) into a file in memory that
# only root can read. minitwit-secrets.service runs it.
set -euo pipefail
umask 077
export HOME=/root AWS_PAGER=

# After a boot, network and role may take a moment.
readonly GIVE_UP_AT=$((SECONDS + 120))

main() {
  {
    read_secret DB_PASSWD "${DB_PASSWD_FROM:-}"
    read_secret SESSION_SECRET "${SESSION_SECRET_FROM:-}"
  } >"$RUNTIME_DIRECTORY/env"
}

read_secret() {
  [ -n "$2" ] || return 0
  local answer
  until answer=$(ask "$2"); do
    if ((SECONDS >= GIVE_UP_AT)); then
      echo "$1 could not be read from $2" >&2
      exit 1
    fi
    sleep 2
  done
  # a builtin and pipes: no command line ever shows a secret
  printf %s "$answer" | to_setting "$1"
}

ask() {
  AWS_REGION=${AWS_REGION:-$(own_region)} || return
  export AWS_REGION
  case $1 in
    ssm:*) timeout 30 aws ssm get-parameter --output json --with-decryption --name "${1#*:}" ;;
    *) timeout 30 aws secretsmanager get-secret-value --output json --secret-id "${1#*:}" ;;
  esac
}

own_region() {
  local metadata=http://169.254.169.254/latest token
  token=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token) &&
    curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $token" $metadata/meta-data/placement/region
}

# Secrets Manager holds plain text or, where RDS made it, {"username": …, "password": …}.
to_setting() {
  node -e '
    const { Parameter, SecretString } = JSON.parse(fs.readFileSync(0, "utf8"));
    const value = Parameter ? Parameter.Value : passwordOf(SecretString);
    console.log(`${process.argv[1]}="${value.replace(/[\\"$`]/g, "\\$&")}"`);
    function passwordOf(text) {
      try {
        const { password } = JSON.parse(text);
        return typeof password === "string" ? password : text;
      } catch {
        return text;
      }
    }' "$1"
}

main
EOF
}

# The secrets have a unit of their own: the server's unit cannot reach the metadata service, which gives the role's keys.
write_secrets_unit() {
  cat <<'EOF'
[Unit]
Description=Secrets of MiniTwit
# Each attempt to start minitwit.service starts it.
StartLimitIntervalSec=0

[Service]
Type=oneshot
# systemd deletes the directory when this unit stops or fails.
RemainAfterExit=yes
RuntimeDirectory=minitwit-secrets
RuntimeDirectoryMode=0700
EnvironmentFile=/etc/minitwit.env
ExecStart=/usr/local/sbin/minitwit-secrets
# longer than it tries
TimeoutStartSec=210
# An empty home directory: the AWS command line finds the role, and no other keys.
ProtectHome=tmpfs
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
EOF
  write_sandbox
}

write_unit() {
  # the time that the server takes at most, and some
  local stop_max_s=$((10#${DRAIN_MAX_S:-10} + 20))
  # Several processes have one more, which starts them. Together they hash passwords on a thread for each core.
  local tasks_max=$((64 * (10#${WEB_CONCURRENCY:-1} + 1) + $(nproc)))
  cat <<EOF
[Unit]
Description=MiniTwit
Wants=network-online.target
After=network-online.target
# User data runs on the first boot only: from then on nobody but systemd starts the server.
StartLimitIntervalSec=0

[Install]
WantedBy=multi-user.target

[Service]
Type=exec
User=ec2-user
WorkingDirectory=$APP
Environment=NODE_ENV=production
# Stack traces name TypeScript. The sizes are in megabytes, for a process: else Node takes them from the size of the machine.
Environment="NODE_OPTIONS=--enable-source-maps --max-old-space-size=256 --max-semi-space-size=16"
EnvironmentFile=/etc/minitwit.env
EnvironmentFile=-/run/minitwit-secrets/env
# Secrets are read before each start, so a restart is enough after a secret has changed. A dependency on the other
# unit would not do: when a dependency fails, systemd does not try again. +: as root, and outside of the sandbox.
ExecStartPre=+/usr/bin/systemctl restart minitwit-secrets.service
ExecStart=/usr/bin/node dist/server.js
# From here on, the server has the secrets in its environment.
ExecStartPost=+/usr/bin/systemctl stop minitwit-secrets.service
ExecStopPost=+/usr/bin/systemctl stop minitwit-secrets.service
SyslogIdentifier=minitwit
# longer than that of minitwit-secrets.service
TimeoutStartSec=240
Restart=always
RestartSec=2
# The first process drains, and tells the others to.
KillMode=mixed
TimeoutStopSec=$stop_max_s
LimitNOFILE=65536

# Under full load, a process grew to 259 MB in ten minutes. Two of them, and the one that starts them, fit into three
# quarters of a micro instance's 1 GB. The rest is for the system and Session Manager.
MemoryMax=75%
# The kernel kills one process, not all: a killed worker is replaced while the others serve.
OOMPolicy=continue
# On two cores, a process has 8 threads under full load.
TasksMax=$tasks_max

# The metadata service, which gives the keys of the instance's role. What IPAddressAllow= lists, no IPAddressDeny= denies.
IPAddressDeny=169.254.169.254 fd00:ec2::254 ${SERVER_NETWORKS:+any}
IPAddressAllow=${SERVER_NETWORKS:+localhost $SERVER_NETWORKS}
# AF_UNIX is not needed, neither to find addresses nor for cluster.
RestrictAddressFamilies=AF_INET AF_INET6
ProtectHome=yes
# ec2-user may read logs, some groups of whom we cannot shed
InaccessiblePaths=-/var/log -/run/log -/var/lib/cloud -/dev/shm
PrivateUsers=yes
EOF
  write_sandbox
}

# What a service cannot do, even if an attacker controls it. The server needs the network and its files. V8 generates
# machine code at run time, which rules MemoryDenyWriteExecute= out.
write_sandbox() {
  cat <<'EOF'
# A dump of the memory would hold the secrets.
LimitCORE=0
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
RemoveIPC=yes
UMask=0077
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
EOF
}

answers() {
  local give_up_at=$((SECONDS + UP_MAX_S))
  until curl -fs -o /dev/null -m 2 "http://127.0.0.1:${PORT:-5000}/healthz"; do
    ((SECONDS < give_up_at)) || return
    sleep 1
  done
}

main
