#!/bin/bash
# The user data of the warehouse's instance. `npm run warehouse -- run` fills in the setting.

# This instance terminates itself after this time, in case the command cannot terminate it.
export END_AFTER_MINUTES=''

shutdown -h "+$END_AFTER_MINUTES"

# The command reads the ssh host keys from the console, since cloud-init does not print them on every system. The kernel
# writes to the console at any time, also within a line, so each line has the key's fingerprint and is printed again.
for _ in 1 2 3; do
  for file in /etc/ssh/ssh_host_*_key.pub; do
    read -r type key _ <"$file" || continue
    fingerprint=$(ssh-keygen -l -f "$file" | cut -d ' ' -f 2)
    echo "minitwit-host-key $type $key $fingerprint" >/dev/console
  done
  sleep 2
done
