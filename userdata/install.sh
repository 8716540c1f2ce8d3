#!/bin/bash
# Downloads the source of MiniTwit, checks it, and runs userdata/image.sh. Run Command runs this script as root on the
# instance that builds an image. `npm run cloud -- image` sets the variables below.
export SOURCE_URL='' # needs no credentials
export SOURCE_SHA256=''

set -euo pipefail
checkout=$(mktemp -d /var/tmp/minitwit-source.XXXXXX)
cd "$checkout"
curl -fsS --retry 5 --max-time 300 -o source.tar.gz "$SOURCE_URL"
echo "$SOURCE_SHA256  source.tar.gz" | sha256sum --check --quiet
tar -xzf source.tar.gz
rm source.tar.gz
bash userdata/image.sh

# The agent stores this script and its output, which must not be in the image, but it needs them until it has reported
# the result. This unit deletes them at shutdown. It starts before the agent, so it stops after the agent.
systemd-run --quiet --unit=minitwit-forget --property=Type=oneshot --property=RemainAfterExit=yes \
  --property=Before=amazon-ssm-agent.service \
  --property='ExecStop=/bin/sh -c "rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/*"' /bin/true
