#!/bin/bash
# User data of a MiniTwit instance. Fill in the settings, and use the complete script as user data of an instance whose image
# was prepared by userdata/image.sh. The script is idempotent.

# README.md explains the settings. Write a single quote in a value as '\''.
export DB_HOST='' # the endpoint in the RDS console
export DB_USER=''
export DB_NAME=''
export DB_SSL_CA='/opt/minitwit/rds-ca.pem'
export TRUST_PROXY='1'
# The networks of load balancer, database and name server, such as '10.0.0.0/8 172.16.0.0/12'. The server exchanges packets
# with these networks only. If empty, only the metadata service is denied.
export SERVER_NETWORKS=''
# Every process of an instance can read its user data. Instead of a secret, set its place: `ssm:/NAME` or
# `secretsmanager:NAME`. The instance's role needs permission to read it. The service reads it at each start.
export DB_PASSWD=''
export DB_PASSWD_FROM=''
export SESSION_SECRET=''
export SESSION_SECRET_FROM=''
# export AWS_REGION='' # region of these two places, by default the instance's own
# export PORT='5000'
# export DB_PORT='3306'
# export DB_POOL_SIZE='10'
# export COOKIE_SECURE='auto'
# export PASSWORD_MIN_LENGTH='8'
# export WEB_CONCURRENCY='1'
# export METRICS_PORT=''
# export METRICS_HOST='127.0.0.1' # 0.0.0.0 if Prometheus runs on another host
export DRAIN_DELAY_S='15' # longer than the load balancer needs to notice
export DRAIN_MAX_S='30'
# export LOG_LEVEL='info'
# export RATE_LIMITS='on'
# export GRAVATAR='off'
# export HSTS='host'
# export SECURITY_CONTACT='mailto:security@example.com'
# export LIMIT_POSTS_PER_USER='60' # and all other LIMIT_…

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
    print "MiniTwit was not started, and nothing was changed. Correct these settings:
$problems"
    exit 1
  fi
  write_settings | put /etc/minitwit.env 600
  write_secrets_program | put /usr/local/sbin/minitwit-secrets 700
  write_secrets_unit | put /etc/systemd/system/minitwit-secrets.service 644
  write_unit | put /etc/systemd/system/minitwit.service 644
  systemctl daemon-reload
  systemctl enable --quiet minitwit.service
  # An earlier run of this script may have started the service with other settings.
  if systemctl restart minitwit.service && answers; then
    print "MiniTwit is up on port ${PORT:-5000}."
  else
    print "MiniTwit does not answer on port ${PORT:-5000}. systemd retries. The last lines of its log:
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
      valueplace) echo "  $name and $from are both set: set only one of them" ;;
      '') echo "  $name is not set, and $from is not set" ;;
    esac
    case ${!from:-} in
      '' | ssm:?* | secretsmanager:?*) ;;
      *) echo "  $from must be ssm:NAME or secretsmanager:NAME" ;;
    esac
  done
  # This script calculates with these two settings. The server validates all others.
  [[ ${DRAIN_MAX_S:-0} =~ ^[0-9]{1,4}$ ]] || echo '  DRAIN_MAX_S must be a whole number of seconds'
  [[ ${WEB_CONCURRENCY:-1} =~ ^[0-9]{1,3}$ ]] || echo '  WEB_CONCURRENCY must be a whole number'
  [ -e $APP/dist/server.js ] || echo "  $APP does not contain MiniTwit: image.sh did not create this image"
}

# cloud-init writes standard error to its log, but not on every system to the console that EC2 shows.
print() {
  echo "$1" >&2
  { echo "$1" >/dev/console; } 2>/dev/null || true
}

# Replaces a file atomically.
put() {
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}

# In systemd's syntax for environment files, which has only these escapes.
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
# Reads the secrets from their places (DB_PASSWD_FROM, SESSION_SECRET_FROM) into a file in memory that only root can read.
# minitwit-secrets.service runs it.
set -euo pipefail
umask 077
export HOME=/root AWS_PAGER=

# After a boot, the network and the role may not be available at once.
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
      echo "Cannot read $1 from $2." >&2
      exit 1
    fi
    sleep 2
  done
  # Shell builtins and pipes: no command line contains the secret.
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

# A secret in Secrets Manager is plain text or, if RDS created it, {"username": …, "password": …}.
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

# The secrets have a separate unit, because the server's unit cannot reach the metadata service, which returns the role's keys.
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
# Longer than the program retries.
TimeoutStartSec=210
# With an empty home directory, the AWS command line finds the role and no other keys.
ProtectHome=tmpfs
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
EOF
  write_sandbox
}

write_unit() {
  # The server's maximum time, and a reserve.
  local stop_max_s=$((10#${DRAIN_MAX_S:-10} + 20))
  # Several processes need a primary process in addition. All of them together have one hashing thread for each core.
  local tasks_max=$((64 * (10#${WEB_CONCURRENCY:-1} + 1) + $(nproc)))
  cat <<EOF
[Unit]
Description=MiniTwit
Wants=network-online.target
After=network-online.target
# User data runs on the first boot only. Afterwards, only systemd starts the server.
StartLimitIntervalSec=0

[Install]
WantedBy=multi-user.target

[Service]
Type=exec
User=ec2-user
WorkingDirectory=$APP
Environment=NODE_ENV=production
# Stack traces show TypeScript. The heap sizes are in megabytes for each process. By default, Node derives them from the
# machine's memory.
Environment="NODE_OPTIONS=--enable-source-maps --max-old-space-size=256 --max-semi-space-size=16"
EnvironmentFile=/etc/minitwit.env
EnvironmentFile=-/run/minitwit-secrets/env
# Secrets are read before each start, so a restart is sufficient after a secret has changed. A dependency on the other unit
# was rejected: systemd does not retry after a failed dependency. + means as root, and outside of the sandbox.
ExecStartPre=+/usr/bin/systemctl restart minitwit-secrets.service
ExecStart=/usr/bin/node dist/server.js
# From here on, the server has the secrets in its environment.
ExecStartPost=+/usr/bin/systemctl stop minitwit-secrets.service
ExecStopPost=+/usr/bin/systemctl stop minitwit-secrets.service
SyslogIdentifier=minitwit
# Longer than the timeout of minitwit-secrets.service.
TimeoutStartSec=240
Restart=always
RestartSec=2
# The primary process drains, and stops the other processes.
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

# Denies the metadata service, which returns the keys of the instance's role. IPAddressAllow= has priority over IPAddressDeny=.
IPAddressDeny=169.254.169.254 fd00:ec2::254 ${SERVER_NETWORKS:+any}
IPAddressAllow=${SERVER_NETWORKS:+localhost $SERVER_NETWORKS}
# AF_UNIX is not needed, neither to find addresses nor for cluster.
RestrictAddressFamilies=AF_INET AF_INET6
ProtectHome=yes
# The groups of ec2-user allow it to read logs, and systemd cannot remove them.
InaccessiblePaths=-/var/log -/run/log -/var/lib/cloud -/dev/shm
PrivateUsers=yes
EOF
  write_sandbox
}

# The sandbox applies even if an attacker controls the service. The server needs only the network and its files.
# MemoryDenyWriteExecute= is impossible, because V8 generates machine code at run time.
write_sandbox() {
  cat <<'EOF'
# A memory dump would contain the secrets.
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
