#!/bin/bash
# The user data of a MiniTwit instance. Fill in the settings, and use the whole script as the user data of an Amazon
# Linux 2023 instance with an image of userdata/image.sh. You can run the script again by hand.

# README.md describes the settings. Between single quotes every character is literal. Write '\'' for a single quote.
# The stack of cloud/minitwit.yaml sets the next settings in lines before this script.
if [ ! -v DB_HOST ]; then
  # The endpoint that RDS shows.
  export DB_HOST=''
  export DB_USER=''
  export DB_NAME=''
  # Two settings are secret, and every process on an instance can read the user data. Set the location of a secret
  # instead of the secret: `ssm:/NAME` or `secretsmanager:NAME`. The role of the instance needs permission to read it.
  # The service reads it at each start.
  export DB_PASSWD=''
  export DB_PASSWD_FROM=''
  export SESSION_SECRET=''
  export SESSION_SECRET_FROM=''
  # The networks of the load balancer, the database and the name server, for example '10.0.0.0/8 172.16.0.0/12'. The
  # server cannot reach any other address. If this is empty, the server can reach all addresses except for those of
  # the metadata service.
  export SERVER_NETWORKS=''
  # The group of CloudWatch Logs that gets the log. If this is empty, the log is only in the instance's journal.
  export LOG_GROUP=''
fi
export DB_SSL_CA='/opt/minitwit/rds-ca.pem'
export TRUST_PROXY='1'
# export AWS_REGION='' # region of the secrets; by default that of the instance
# export PORT='5000'
# export DB_PORT='3306'
# export DB_POOL_SIZE='10'
# export DB_READ_HOST='' # replicas from which pages are read, separated by commas
# export DB_READ_CONSISTENCY='gtid'
# export COOKIE_SECURE='auto'
# export PASSWORD_MIN_LENGTH='8'
# export WEB_CONCURRENCY='1'
# export METRICS_PORT=''
# export METRICS_HOST='127.0.0.1' # 0.0.0.0 for a Prometheus on another host
# Longer than the load balancer takes to notice.
export DRAIN_DELAY_S='15'
export DRAIN_MAX_S='30'
# export LOG_LEVEL='info'
# export RATE_LIMITS='on'
# export GRAVATAR='off'
# export HSTS='host'
# export SECURITY_CONTACT='mailto:security@example.com'
# export MAIL_URL_FROM='secretsmanager:NAME' # the location of MAIL_URL, which has a password
# export MAIL_FROM='noreply@example.com'
# export SITE_URL='https://example.com'
# export LIMITS_STORE_FROM='secretsmanager:NAME' # the location of LIMITS_STORE, which has a password
# export LIMIT_POSTS_PER_USER='60' # and all other LIMIT_…

set -euo pipefail
umask 077

readonly SETTING_NAMES=(
  DB_HOST DB_PORT DB_USER DB_PASSWD DB_PASSWD_FROM DB_NAME DB_SSL_CA DB_POOL_SIZE
  DB_READ_HOST DB_READ_CONSISTENCY
  SESSION_SECRET SESSION_SECRET_FROM AWS_REGION PORT TRUST_PROXY COOKIE_SECURE COOKIE_PREFIX
  PASSWORD_MIN_LENGTH WEB_CONCURRENCY METRICS_PORT METRICS_HOST DRAIN_DELAY_S DRAIN_MAX_S LOG_LEVEL
  RATE_LIMITS GRAVATAR HSTS SECURITY_CONTACT MAIL_URL MAIL_URL_FROM MAIL_FROM SITE_URL
  LIMITS_STORE LIMITS_STORE_FROM "${!LIMIT_@}"
)
readonly APP=/opt/minitwit
readonly UP_MAX_S=180

main() {
  local problems
  problems=$(list_problems)
  if [ -n "$problems" ]; then
    report "MiniTwit was not started, and nothing was changed. Correct these problems, and run the user data again:
$problems"
    exit 1
  fi
  write_settings | replace_file /etc/minitwit.env 600
  write_secrets_program | replace_file /usr/local/sbin/minitwit-secrets 700
  write_secrets_unit | replace_file /etc/systemd/system/minitwit-secrets.service 644
  write_unit | replace_file /etc/systemd/system/minitwit.service 644
  systemctl daemon-reload
  systemctl enable --quiet minitwit.service
  start_log_agent || report 'The CloudWatch agent was not started, so CloudWatch does not get the log.'
  # An earlier image has no such script.
  [ -z "${MASTER_SECRET:-}" ] || [ ! -e $APP/migrate.sh ] || migrate_database
  # An earlier run of this script may have started the service with other settings.
  if systemctl restart minitwit.service && wait_until_up; then
    report "MiniTwit is up on port ${PORT:-5000}."
  else
    report "MiniTwit does not respond on port ${PORT:-5000}. systemd restarts it until it does. The end of its log:
$(journalctl --unit minitwit.service --unit minitwit-secrets.service --lines 20 --output cat --no-pager)"
    exit 1
  fi
}

list_problems() {
  local name from
  for name in DB_HOST DB_USER DB_NAME; do
    [ -n "${!name:-}" ] || echo "  $name is not set."
  done
  for name in DB_PASSWD SESSION_SECRET MAIL_URL LIMITS_STORE; do
    from=${name}_FROM
    case ${!name:+value}${!from:+place} in
      valueplace) echo "  $name and $from are both set. Set only one of them." ;;
      '') [[ $name =~ MAIL|LIMITS ]] || echo "  $name is not set. Set it or $from." ;;
    esac
    case ${!from:-} in
      '' | ssm:?* | secretsmanager:?*) ;;
      *) echo "  $from must be ssm:NAME or secretsmanager:NAME." ;;
    esac
  done
  # This script calculates with these two settings. The server checks all others.
  [[ ${DRAIN_MAX_S:-0} =~ ^[0-9]{1,4}$ ]] || echo '  DRAIN_MAX_S must be an integer.'
  [[ ${WEB_CONCURRENCY:-1} =~ ^[0-9]{1,3}$ ]] || echo '  WEB_CONCURRENCY must be an integer.'
  [[ ${LOG_GROUP:-} =~ ^[A-Za-z0-9_./#-]*$ ]] || echo '  LOG_GROUP must be the name of a log group.'
  [ -e $APP/dist/server.js ] || echo "  $APP does not contain MiniTwit. Launch the instance from an image of userdata/image.sh."
}

# Logs a message. cloud-init writes stderr to its log, but not in all configurations to the console that EC2 shows.
report() {
  echo "$1" >&2
  { echo "$1" >/dev/console; } 2>/dev/null || true
}

# Replaces a file atomically with stdin, with the mode $2.
replace_file() {
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}

# Prints the settings as an environment file of systemd, which has no escapes other than these.
write_settings() {
  local name
  for name in "${SETTING_NAMES[@]}"; do
    [ -z "${!name:-}" ] ||
      printf '%s="%s"\n' "$name" "$(printf %s "${!name}" | LC_ALL=C sed 's/[\\"$`]/\\&/g')"
  done
}

write_secrets_program() {
  cat <<'EOF'
#!/bin/bash
# Reads the secrets in DB_PASSWD_FROM, SESSION_SECRET_FROM and others into a file in memory that only root can read.
# minitwit-secrets.service runs this script.
set -euo pipefail
umask 077
export HOME=/root AWS_PAGER=

# After a boot, the network and the role of the instance may not be available immediately.
readonly DEADLINE=$((SECONDS + 120))

main() {
  local name from
  {
    for name in DB_PASSWD SESSION_SECRET MAIL_URL LIMITS_STORE; do
      from=${name}_FROM
      read_secret $name "${!from:-}"
    done
  } >"$RUNTIME_DIRECTORY/env"
}

read_secret() {
  [ -n "$2" ] || return 0
  local response
  until response=$(fetch_secret "$2"); do
    if ((SECONDS >= DEADLINE)); then
      echo "$1 cannot be read from $2. Check the name and the role of the instance." >&2
      exit 1
    fi
    sleep 2
  done
  # With a builtin and a pipe, no command line contains a secret.
  printf %s "$response" | to_setting "$1"
}

fetch_secret() {
  AWS_REGION=${AWS_REGION:-$(instance_region)} || return
  export AWS_REGION
  case $1 in
    ssm:*) timeout 30 aws ssm get-parameter --output json --with-decryption --name "${1#*:}" ;;
    *) timeout 30 aws secretsmanager get-secret-value --output json --secret-id "${1#*:}" ;;
  esac
}

instance_region() {
  local metadata=http://169.254.169.254/latest token
  token=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token) &&
    curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $token" $metadata/meta-data/placement/region
}

# A secret is plain text or, if RDS created it, {"username": …, "password": …}.
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

# Another unit reads the secrets, because the server's unit cannot reach the metadata service, which returns the role's
# keys.
write_secrets_unit() {
  cat <<'EOF'
[Unit]
Description=Secrets of MiniTwit
# Each start of minitwit.service starts this unit.
StartLimitIntervalSec=0

[Service]
Type=oneshot
# systemd deletes the directory when this unit stops or fails.
RemainAfterExit=yes
RuntimeDirectory=minitwit-secrets
RuntimeDirectoryMode=0700
EnvironmentFile=/etc/minitwit.env
ExecStart=/usr/local/sbin/minitwit-secrets
# The script gives up after 120 seconds.
TimeoutStartSec=210
# With an empty home directory, the AWS CLI uses the role and no other keys.
ProtectHome=tmpfs
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
EOF
  write_sandbox
}

write_unit() {
  # The server exits within DRAIN_MAX_S. systemd kills it 20 seconds later.
  local stop_max_s=$((10#${DRAIN_MAX_S:-10} + 20))
  # A primary process supervises the workers. All processes together hash passwords in one thread for each core.
  local tasks_max=$((64 * (10#${WEB_CONCURRENCY:-1} + 1) + $(nproc)))
  cat <<EOF
[Unit]
Description=MiniTwit
Wants=network-online.target
After=network-online.target
# User data runs on the first boot only. On later boots, systemd starts the server.
StartLimitIntervalSec=0

[Install]
WantedBy=multi-user.target

[Service]
Type=exec
User=ec2-user
WorkingDirectory=$APP
Environment=NODE_ENV=production
# Stack traces name TypeScript files. The sizes are megabytes for each process. Node's defaults depend on the machine.
Environment="NODE_OPTIONS=--enable-source-maps --max-old-space-size=256 --max-semi-space-size=4"
EnvironmentFile=/etc/minitwit.env
EnvironmentFile=-/run/minitwit-secrets/env
# Each start reads the secrets, so a changed secret needs a restart only. This is not a dependency on the other unit,
# because systemd does not start a unit again whose dependency has failed. A plus sign runs the command as root without
# the sandbox.
ExecStartPre=+/usr/bin/systemctl restart minitwit-secrets.service
ExecStart=/usr/bin/node dist/server.js
# The server now has the secrets in its environment.
ExecStartPost=+/usr/bin/systemctl stop minitwit-secrets.service
ExecStopPost=+/usr/bin/systemctl stop minitwit-secrets.service
SyslogIdentifier=minitwit
# The timeout of minitwit-secrets.service is shorter.
TimeoutStartSec=240
Restart=always
RestartSec=2
# The primary process forwards SIGTERM to the workers.
KillMode=mixed
TimeoutStopSec=$stop_max_s
LimitNOFILE=65536

# Under full load, a process grew to 236 MB in ten minutes. Two workers and the primary process fit into three quarters
# of a micro instance's 1 GB. The rest is for the system and Session Manager.
MemoryMax=75%
# If the kernel kills a worker, the other processes continue, and the primary process replaces it.
OOMPolicy=continue
# On two cores, a process has 8 threads under full load.
TasksMax=$tasks_max

# The metadata service returns the keys of the instance's role. IPAddressAllow= takes precedence over IPAddressDeny=.
IPAddressDeny=169.254.169.254 fd00:ec2::254 ${SERVER_NETWORKS:+any}
IPAddressAllow=${SERVER_NETWORKS:+localhost $SERVER_NETWORKS}
# Neither DNS nor Node's cluster needs AF_UNIX.
RestrictAddressFamilies=AF_INET AF_INET6
ProtectHome=yes
# The groups of ec2-user allow it to read logs.
InaccessiblePaths=-/var/log -/run/log -/var/lib/cloud -/dev/shm
PrivateUsers=yes
EOF
  write_sandbox
  cat <<'EOF'
# Threads that hash passwords lower their priority. Without a capability, none can raise it.
SystemCallFilter=setpriority
EOF
}

# Restricts a service, in case an attacker controls it. The server needs the network and its files. V8 generates machine
# code at run time, so MemoryDenyWriteExecute= is not possible.
write_sandbox() {
  cat <<'EOF'
# A core dump would contain the secrets.
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

# Starts before the server, so that the log is complete. An earlier image has no agent.
start_log_agent() {
  local agent=/opt/aws/amazon-cloudwatch-agent
  [ -n "${LOG_GROUP:-}" ] && [ -e $APP/cloudwatch-agent.json ] || return 0
  sed "s|LOG_GROUP|$LOG_GROUP|" $APP/cloudwatch-agent.json |
    replace_file $agent/etc/amazon-cloudwatch-agent.json 644
  systemctl enable --quiet amazon-cloudwatch-agent.service &&
    systemctl restart amazon-cloudwatch-agent.service
}

# Runs in a unit of its own, so that its output is in the journal, from which the agent sends it to CloudWatch. The server
# starts in any case. It is not ready while the database lacks a migration that it needs.
migrate_database() {
  local begin
  begin=$(date +%s)
  systemd-run --quiet --wait --collect --unit=minitwit-migrate.service \
    --property=SyslogIdentifier=minitwit-migrate \
    /bin/bash $APP/migrate.sh "$DB_HOST" "$MASTER_SECRET" ||
    report 'The database was not migrated:'
  report "$(journalctl --sync
    journalctl --identifier=minitwit-migrate --since="@$begin" --output=cat --no-pager)"
}

wait_until_up() {
  local deadline=$((SECONDS + UP_MAX_S))
  until curl -fs -o /dev/null -m 2 "http://127.0.0.1:${PORT:-5000}/healthz"; do
    ((SECONDS < deadline)) || return
    sleep 1
  done
}

main
