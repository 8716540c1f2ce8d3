#!/bin/bash
# Prepares the image (AMI) of the warehouse's instances: a MariaDB with its data on a volume, which listens only on a
# socket. `npm run warehouse -- provision` fills in the settings, and uses this script as user data of a temporary
# Amazon Linux 2023 instance. The command waits for the last line of this script on the console, and creates the image.
# At the end, the script deletes keys, histories and logs. AFTERWARDS NO USER CAN LOG IN TO THIS INSTANCE.

# The mount point of the volume. WAREHOUSE_MOUNT_DIR must be the same.
export MOUNT_DIR='/mysql-db'
# A volume that is attached to this instance, now or later. The script creates a filesystem on it if it is empty, and
# tests MariaDB on it. If VOLUME_ID is empty, the script does neither.
export VOLUME_ID=''
export VOLUME_DEVICE='/dev/sdf'
# This instance terminates itself after this time, in case the command cannot terminate it.
export END_AFTER_MINUTES=''

set -euo pipefail
umask 022

readonly LABEL=mysqlvol
readonly UNIT=minitwit-warehouse.service
readonly CONFIG=/etc/minitwit-warehouse.cnf
readonly PREPARE=/usr/local/sbin/minitwit-warehouse-prepare
readonly SOCKET=/run/minitwit-warehouse/mysql.sock
readonly ATTACH_MAX_S=300

main() {
  problem='see /var/log/cloud-init-output.log'
  trap 'report "The image of the warehouse was not created: $problem"' EXIT
  check_system
  [ -z "$END_AFTER_MINUTES" ] || shutdown -h "+$END_AFTER_MINUTES"
  install_mariadb
  write_config >$CONFIG
  write_prepare >$PREPARE
  chmod 755 $PREPARE
  write_unit >/etc/systemd/system/$UNIT
  systemctl daemon-reload
  mkdir -p "$MOUNT_DIR"
  [ -z "$VOLUME_ID" ] || try_volume
  delete_personal_data
  trap - EXIT
  report "MiniTwit's warehouse is ready: create the image now."
}

check_system() {
  ((EUID == 0)) || fail 'this needs root'
  # The deletion at the end would damage any other computer.
  grep -qs '^ID="\?amzn"\?$' /etc/os-release || fail 'this is not Amazon Linux'
}

install_mariadb() {
  echo 'Installing MariaDB 10.11 …'
  dnf install --assumeyes --quiet mariadb1011-server e2fsprogs || fail 'dnf could not install MariaDB'
  mariadbd=$(PATH=/usr/libexec:/usr/sbin:$PATH command -v mariadbd) || fail 'the package of MariaDB has no mariadbd'
  # The distribution's own service would create its files on the instance's disk.
  systemctl disable --now --quiet mariadb.service
  systemctl mask --quiet mariadb.service
}

write_config() {
  cat <<EOF
[mysqld]
datadir=$MOUNT_DIR/data
# On Amazon Linux, /tmp is in memory. Temporary files of large queries belong on the volume.
tmpdir=$MOUNT_DIR/tmp
socket=$SOCKET
skip-networking
skip-log-bin
local-infile=0
character-set-server=utf8mb4
collation-server=utf8mb4_unicode_ci
# A power failure can lose a second of changes, and the next copy restores them.
innodb-flush-log-at-trx-commit=2
innodb-log-file-size=256M
EOF
}

write_prepare() {
  cat <<EOF
#!/bin/bash
# Runs as root before each start of $UNIT.
set -euo pipefail
umask 077
cd "$MOUNT_DIR"

# Creates the data folder atomically.
if [ ! -d data ]; then
  rm -rf data.new
  output=\$(mariadb-install-db --no-defaults --user=mysql --datadir="$MOUNT_DIR/data.new" --skip-test-db \\
    --auth-root-authentication-method=socket --auth-root-socket-user=root 2>&1) || {
    echo "\$output" >&2
    exit 1
  }
  mv data.new data
fi
# The user mysql may have had another id in an earlier image.
[ "\$(stat -c %U:%G data)" = mysql:mysql ] || chown -R mysql:mysql data
rm -rf tmp
install -d -o mysql -g mysql -m 700 tmp
# No other program needs this instance's memory.
awk '/^MemTotal:/ { printf "BUFFER_POOL_BYTES=%d\n", \$2 * 1024 * 0.6 }' /proc/meminfo \\
  >/run/minitwit-warehouse.env
EOF
}

write_unit() {
  cat <<EOF
[Unit]
Description=MariaDB of MiniTwit's warehouse
# Only the warehouse's commands start this unit, over ssh, after the volume is mounted. Without the volume, MariaDB
# would write to the instance's disk, and all data would be lost with the instance.
AssertPathIsMountPoint=$MOUNT_DIR

[Service]
Type=notify
User=mysql
Group=mysql
# The next line writes this file. + means as root, and outside of the sandbox.
EnvironmentFile=-/run/minitwit-warehouse.env
ExecStartPre=+$PREPARE
ExecStart=$mariadbd --defaults-file=$CONFIG --innodb-buffer-pool-size=\${BUFFER_POOL_BYTES}
SyslogIdentifier=minitwit-warehouse
RuntimeDirectory=minitwit-warehouse
# During crash recovery, MariaDB extends this timeout.
TimeoutStartSec=300
# MariaDB writes all changes in memory to the volume.
TimeoutStopSec=600
LimitNOFILE=65536
LimitMEMLOCK=524288
LimitCORE=0

# The sandbox applies even if an attacker controls the server. The server needs only its files and its socket, and no
# network. MemoryDenyWriteExecute= is impossible, because PCRE generates machine code at run time.
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
RemoveIPC=yes
ProtectSystem=strict
ReadWritePaths=$MOUNT_DIR
ProtectHome=yes
PrivateTmp=yes
InaccessiblePaths=-/var/log -/run/log -/var/lib/cloud
PrivateDevices=yes
DevicePolicy=closed
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
EOF
}

try_volume() {
  local device signatures
  device=$(find_volume) || fail "the volume $VOLUME_ID was not attached"
  # Finds a filesystem, a partition table or other data. An unreadable device does not count as empty.
  signatures=$(wipefs --noheadings --output TYPE "$device") || fail "$device cannot be read"
  if [ -z "$signatures" ]; then
    echo 'Creating the filesystem …'
    # Reserves no blocks for root, which stores nothing there.
    mkfs.ext4 -q -L $LABEL -m 0 "$device"
  fi
  echo 'Testing MariaDB …'
  mount -o nodev,nosuid,noatime "$device" "$MOUNT_DIR"
  systemctl start $UNIT || fail "MariaDB does not start:
$(journalctl --unit $UNIT --lines 20 --output cat --no-pager)"
  mariadb --no-defaults --socket=$SOCKET --execute 'select 1' >/dev/null
  systemctl stop $UNIT
  umount "$MOUNT_DIR"
}

# The name of the device depends on the instance type.
find_volume() {
  local device deadline=$((SECONDS + ATTACH_MAX_S))
  while ((SECONDS < deadline)); do
    for device in "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME_ID/-/}" \
      "$VOLUME_DEVICE" "${VOLUME_DEVICE/sd/xvd}"; do
      if [ -b "$device" ]; then
        echo "$device"
        return
      fi
    done
    sleep 1
  done
  return 1
}

delete_personal_data() {
  echo 'Deleting personal data …'
  local home
  for home in /root /home/*; do
    (
      cd "$home"
      rm -rf .ssh .aws .cache .config .local .*_history .lesshst .viminfo
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
}

# Logs a message. cloud-init writes stderr to its log, but not in all configurations to the console that EC2 shows.
report() {
  echo "$1" >&2
  { echo "$1" >/dev/console; } 2>/dev/null || true
}

fail() {
  problem=$1
  exit 1
}

main
