#!/bin/bash
# Runs the warehouse on an instance that EventBridge Scheduler has launched. The user data in cloud/minitwit.yaml runs this
# file of the image as root, with AWS_REGION, WAREHOUSE_INSTANCE_TYPE, and STACK, the name of the stack. Afterwards, it
# shuts the instance down, which terminates it.
set -euo pipefail
. "$(dirname "$0")/instance-functions.sh"

readonly UNIT=minitwit-scheduled-run
readonly SETTINGS=/run/$UNIT.env

main() {
  read_stack | write_settings >$SETTINGS
  start_log_agent || echo 'The CloudWatch agent was not started, so CloudWatch does not get the log.' >&2
  # The output of a unit is in the journal, from which the agent sends it to CloudWatch. If the instance shuts down at its
  # time limit, the run has half an hour to take its snapshot and to terminate its server.
  systemd-run --quiet --wait --collect --unit=$UNIT.service --property=User=ec2-user --property=NoNewPrivileges=yes \
    --property=StateDirectory=$UNIT --property=StateDirectoryMode=0700 --property=TimeoutStopSec=30min \
    --property=EnvironmentFile=$SETTINGS --setenv=AWS_REGION --setenv=STACK \
    --setenv=WAREHOUSE_INSTANCE_TYPE /bin/bash "$(realpath "$0")" run
  # The alarm of a weekly schedule watches the last seven days, the longest time. With a second point, the next run may
  # take almost two hours longer than this one. CloudWatch accepts no later time.
  report_success now
  report_success '+115 minutes'
}

# Prints AWS's description of the stack.
read_stack() {
  local response
  until response=$(describe_stack 2>/dev/null); do
    if ((SECONDS >= DEADLINE)); then
      echo "Cannot read the stack $STACK:" >&2
      describe_stack >/dev/null || exit 1
    fi
    sleep 2
  done
  printf %s "$response"
}

describe_stack() {
  timeout 30 aws cloudformation describe-stacks --output json --stack-name "$STACK"
}

# Prints the settings of the run as an environment file of systemd. None of them is a secret.
write_settings() {
  node -e '
    const { Stacks: [{ Outputs, Parameters }] } = JSON.parse(fs.readFileSync(0, "utf8"));
    const output = Object.fromEntries(Outputs.map((it) => [it.OutputKey, it.OutputValue]));
    const parameter = Object.fromEntries(Parameters.map((it) => [it.ParameterKey, it.ParameterValue]));
    const settings = {
      LOG_GROUP: output.ServerLog,
      DB_HOST: output.DatabaseEndpoint,
      READER_SECRET: output.ReaderPassword,
      ZONE: parameter.WarehouseZone,
      SUBNET_IDS: parameter.SubnetIds.replaceAll(",", " "),
      WAREHOUSE_IMAGE_ID: parameter.WarehouseImageId,
      WAREHOUSE_VOLUME_ID: output.WarehouseVolumeId,
      WAREHOUSE_SECURITY_GROUP: output.WarehouseSecurityGroup,
      WAREHOUSE_BUCKET: output.WarehouseBucket,
    };
    for (const [name, value] of Object.entries(settings)) {
      if (!value) throw new Error("The stack has no value for " + name + ".");
      console.log(name + "=" + JSON.stringify(value));
    }'
}

start_log_agent() {
  local agent=/opt/aws/amazon-cloudwatch-agent group
  group=$(sed -n 's/^LOG_GROUP="\(.*\)"$/\1/p' $SETTINGS)
  sed "s|LOG_GROUP|$group|; s|UNIT|$UNIT.service|" >$agent/etc/amazon-cloudwatch-agent.json <<'EOF'
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
  WAREHOUSE_SUBNET_ID=$(find_subnet)
  export WAREHOUSE_DB_PASSWD WAREHOUSE_SUBNET_ID
  create_key_pair
  tar --extract --gzip --file=$APP/warehouse.tar.gz
  npm ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
  npm run --silent warehouse -- run
}

random_hex() {
  head --bytes=20 /dev/urandom | od --address-radix=n --format=x1 | tr --delete ' \n'
}

# Prints the subnet of the stack in the zone of the warehouse's volume.
find_subnet() {
  local subnet
  # shellcheck disable=SC2086 # Each word is an id.
  subnet=$(aws ec2 describe-subnets --subnet-ids $SUBNET_IDS --output text \
    --query "Subnets[?AvailabilityZone=='$ZONE'].SubnetId | [0]")
  if [ "$subnet" = None ]; then
    echo "None of the subnets of the stack ($SUBNET_IDS) is in $ZONE, the zone of the volume. Add one to SubnetIds." >&2
    exit 1
  fi
  echo "$subnet"
}

# Creates a key pair for this run only, so that no private key is stored anywhere else.
create_key_pair() {
  WAREHOUSE_KEY_NAME=$STACK-scheduled-run-$(random_hex)
  export WAREHOUSE_KEY_NAME WAREHOUSE_KEY_FILE=$STATE_DIRECTORY/key
  ssh-keygen -q -t ed25519 -N '' -C "$WAREHOUSE_KEY_NAME" -f "$WAREHOUSE_KEY_FILE"
  trap 'aws ec2 delete-key-pair --key-name "$WAREHOUSE_KEY_NAME" --output text' EXIT
  aws ec2 import-key-pair --key-name "$WAREHOUSE_KEY_NAME" \
    --public-key-material "fileb://$WAREHOUSE_KEY_FILE.pub" --output text --query KeyName \
    --tag-specifications "ResourceType=key-pair,Tags=[{Key=minitwit:warehouse,Value=$STACK}]"
}

case ${1:-} in
  run) run_warehouse ;;
  *) main ;;
esac
