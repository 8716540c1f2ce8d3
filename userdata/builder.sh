#!/bin/bash
# The user data of the instance that builds MiniTwit's image. `npm run cloud -- image` launches the instance with a role
# that it has just created, and then runs userdata/image.sh there with Systems Manager.

# The instance terminates itself after two hours, in case the command cannot terminate it.
shutdown -h +120

# IAM is eventually consistent. If Systems Manager does not accept the new role yet, the agent sleeps for 25 to 30
# minutes, which the command does not wait. A restarted agent tries the role again at once. A busy agent must not be
# restarted, so only a new message about sleep in its log leads to a restart.
readonly LOG=/var/log/amazon/ssm/amazon-ssm-agent.log
sleeps=0
for ((round = 0; round < 120; round++)); do
  ! grep -qs 'Successfully connected with' $LOG || break
  count=$(grep -cs 'before retrying retrieve credentials' $LOG)
  if ((${count:-0} > sleeps)); then
    sleeps=$count
    echo 'Systems Manager does not accept the role yet. Restarting its agent …'
    systemctl restart amazon-ssm-agent.service
  fi
  sleep 5
done
