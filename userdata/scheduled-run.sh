#!/bin/bash
# Runs the warehouse on an instance that EventBridge Scheduler has launched. The user data in cloud/minitwit.yaml runs this
# file of the image as root, and then shuts the instance down, which terminates it. It exports these settings, none of
# which is a secret:
#
#   AWS_REGION, STACK (its name), LOG_GROUP, DB_HOST, READER_SECRET (the ARN of the secret of the database user who may
#   only read), ZONE (of the warehouse's volume), SUBNET_IDS (those of the stack), and WAREHOUSE_IMAGE_ID,
#   WAREHOUSE_VOLUME_ID, WAREHOUSE_SECURITY_GROUP, WAREHOUSE_INSTANCE_TYPE and WAREHOUSE_BUCKET
set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

readonly UNIT=minitwit-scheduled-run.service

main() {
  start_log_agent || echo 'The CloudWatch agent was not started, so CloudWatch does not get the log.' >&2
  # The output of a unit is in the journal, from which the agent sends it to CloudWatch. When the instance shuts down at
  # its time limit, the run has time to take its snapshot and to terminate its server.
  systemd-run --quiet --wait --collect --unit=$UNIT --property=User=ec2-user \
    --property=StateDirectory=minitwit-scheduled-run --property=StateDirectoryMode=0700 \
    --property=NoNewPrivileges=yes --property=TimeoutStopSec=30min \
    --setenv=AWS_REGION --setenv=STACK --setenv=DB_HOST --setenv=READER_SECRET --setenv=ZONE --setenv=SUBNET_IDS \
    --setenv=WAREHOUSE_IMAGE_ID --setenv=WAREHOUSE_VOLUME_ID --setenv=WAREHOUSE_SECURITY_GROUP \
    --setenv=WAREHOUSE_INSTANCE_TYPE --setenv=WAREHOUSE_BUCKET \
    /bin/bash "$(realpath "$0")" run
  # The alarm on missing runs watches the last seven days. With a second point, the next weekly run may take two hours
  # longer than this one. CloudWatch accepts no later time.
  report_success now
  report_success '+115 minutes'
}

start_log_agent() {
  local agent=/opt/aws/amazon-cloudwatch-agent
  sed "s|LOG_GROUP|$LOG_GROUP|; s|UNIT|$UNIT|" >$agent/etc/amazon-cloudwatch-agent.json <<'EOF'
{
  "agent": { "run_as_user": "cwagent" },
  "logs": {
    "logs_collected": {
      "journald": {
        "collect_list": [
          { "log_group_name": "LOG_GROUP", "log_stream_name": "{instance_id}", "units": ["UNIT"] }
        ]
      }
    }
  }
}
EOF
  chmod 644 $agent/etc/amazon-cloudwatch-agent.json
  systemctl restart amazon-cloudwatch-agent.service
}

# Sends the metric of a successful run, as of the time $1.
report_success() {
  aws cloudwatch put-metric-data --namespace MiniTwit --metric-name ScheduledRun --dimensions "Stack=$STACK" \
    --value 1 --timestamp "$(date --utc --date="$1" +%FT%TZ)"
}

# In the unit, as ec2-user: installs the release of the image with its development packages, and runs the warehouse.
run_warehouse() {
  export HOME=$STATE_DIRECTORY TMPDIR=$STATE_DIRECTORY
  cd "$STATE_DIRECTORY"
  DB_PASSWD=$(read_password "$READER_SECRET")
  export DB_PASSWD DB_USER=minitwit_reader DB_NAME=minitwit DB_SSL_CA=$APP/rds-ca.pem
  # No analyst logs in during a scheduled run.
  WAREHOUSE_DB_PASSWD=$(random_hex)
  export WAREHOUSE_DB_PASSWD
  WAREHOUSE_SUBNET_ID=$(find_subnet)
  export WAREHOUSE_SUBNET_ID
  create_key_pair
  tar --extract --gzip --file=$APP/warehouse.tar.gz
  npm ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
  npm run --silent warehouse -- run
}

random_hex() {
  head --bytes=20 /dev/urandom | od --address-radix=n --format=x1 | tr --delete ' \n'
}

# Prints the subnet of the stack in the zone of the volume.
find_subnet() {
  local subnet
  # shellcheck disable=SC2086 # Each word is an id.
  subnet=$(aws ec2 describe-subnets --subnet-ids $SUBNET_IDS --output text \
    --query "Subnets[?AvailabilityZone=='$ZONE'].SubnetId | [0]")
  if [ "$subnet" = None ]; then
    echo "None of the stack's subnets ($SUBNET_IDS) is in the volume's zone $ZONE. Add one to SubnetIds." >&2
    exit 1
  fi
  echo "$subnet"
}

# Creates a key pair for this run, so that no private key is stored anywhere else.
create_key_pair() {
  WAREHOUSE_KEY_NAME=$STACK-scheduled-run-$(random_hex)
  export WAREHOUSE_KEY_NAME WAREHOUSE_KEY_FILE=$STATE_DIRECTORY/key
  ssh-keygen -q -t ed25519 -N '' -C "$WAREHOUSE_KEY_NAME" -f "$WAREHOUSE_KEY_FILE"
  aws ec2 import-key-pair --key-name "$WAREHOUSE_KEY_NAME" \
    --public-key-material "fileb://$WAREHOUSE_KEY_FILE.pub" --output text --query KeyName \
    --tag-specifications "ResourceType=key-pair,Tags=[{Key=minitwit:warehouse,Value=$STACK}]"
  trap 'aws ec2 delete-key-pair --output text --key-name "$WAREHOUSE_KEY_NAME"' EXIT
}

case ${1:-} in
  run) run_warehouse ;;
  *) main ;;
esac
