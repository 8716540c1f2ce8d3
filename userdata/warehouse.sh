#!/bin/bash
# Prepares the image (AMI) of the warehouse's instances: a MariaDB that keeps its data on a volume, and
# listens on a socket of its own alone. `npm run warehouse -- provision` gives this, with the settings
# filled in, as user data to a plain Amazon Linux 2023 that exists for this alone, waits for its last line
# on the console, and creates the image. What is personal is deleted at the end: keys, histories and logs
# go, and nobody can log in to THIS instance again.

# Where the volume is mounted: WAREHOUSE_MOUNT_DIR of whoever uses the image.
MOUNT_DIR='/mysql-db'
# A volume that is, or will be, attached to this instance: it is given a filesystem if it holds nothing,
# and MariaDB is tried on it. Without one, that is left out.
VOLUME_ID=''
VOLUME_DEVICE='/dev/sdf'
# After so many minutes this instance ends, should nobody be left to end it.
END_AFTER_MINUTES=''

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
  trap 'say "The image of the warehouse was not made: $problem"' EXIT
  check_place
  [ -z "$END_AFTER_MINUTES" ] || shutdown -h "+$END_AFTER_MINUTES"
  install_mariadb
  write_config >$CONFIG
  write_prepare >$PREPARE
  chmod 755 $PREPARE
  write_unit >/etc/systemd/system/$UNIT
  systemctl daemon-reload
  mkdir -p "$MOUNT_DIR"
  [ -z "$VOLUME_ID" ] || try_volume
  delete_what_is_personal
  trap - EXIT
  say "MiniTwit's warehouse is ready: create the image now."
}

check_place() {
  ((EUID == 0)) || fail 'only root can do this'
  # On anybody's own computer the last step would do harm.
  grep -qs '^ID="\?amzn"\?$' /etc/os-release || fail 'this is not Amazon Linux'
}

install_mariadb() {
  echo 'Installing MariaDB 10.11 …'
  dnf install --assumeyes --quiet mariadb1011-server e2fsprogs || fail 'dnf brought no MariaDB'
  mariadbd=$(PATH=/usr/libexec:/usr/sbin:$PATH command -v mariadbd) || fail 'dnf brought no mariadbd'
  # The distribution's own service would make its files on the instance's disk.
  systemctl disable --now --quiet mariadb.service
  systemctl mask --quiet mariadb.service
}

write_config() {
  cat <<EOF
[mysqld]
datadir=$MOUNT_DIR/data
# On Amazon Linux, /tmp is memory; what a large query puts aside belongs on the volume.
tmpdir=$MOUNT_DIR/tmp
socket=$SOCKET
skip-networking
skip-log-bin
local-infile=0
character-set-server=utf8mb4
collation-server=utf8mb4_unicode_ci
# A power cut may cost a second of work, which the next copy makes up for.
innodb-flush-log-at-trx-commit=2
innodb-log-file-size=256M
EOF
}

write_prepare() {
  cat <<EOF
#!/bin/bash
# Run as root before each start of $UNIT.
set -euo pipefail
umask 077
cd "$MOUNT_DIR"

# whole or not at all
if [ ! -d data ]; then
  rm -rf data.new
  said=\$(mariadb-install-db --no-defaults --user=mysql --datadir="$MOUNT_DIR/data.new" --skip-test-db \\
    --auth-root-authentication-method=socket --auth-root-socket-user=root 2>&1) || {
    echo "\$said" >&2
    exit 1
  }
  mv data.new data
fi
# It may have had another number in an earlier image.
[ "\$(stat -c %U:%G data)" = mysql:mysql ] || chown -R mysql:mysql data
rm -rf tmp
install -d -o mysql -g mysql -m 700 tmp
# Nothing else wants this instance's memory.
awk '/^MemTotal:/ { printf "BUFFER_POOL_BYTES=%d\n", \$2 * 1024 * 0.6 }' /proc/meminfo \\
  >/run/minitwit-warehouse.env
EOF
}

write_unit() {
  cat <<EOF
[Unit]
Description=MariaDB of MiniTwit's warehouse
# Nothing starts it but the warehouse's own commands, over ssh, once the volume is mounted. Without the
# volume it would fill the instance's disk, and all would be gone with the instance.
AssertPathIsMountPoint=$MOUNT_DIR

[Service]
Type=notify
User=mysql
Group=mysql
# written by the line below; +: as root, and outside of all that shuts the server in
EnvironmentFile=-/run/minitwit-warehouse.env
ExecStartPre=+$PREPARE
ExecStart=$mariadbd --defaults-file=$CONFIG --innodb-buffer-pool-size=\${BUFFER_POOL_BYTES}
SyslogIdentifier=minitwit-warehouse
RuntimeDirectory=minitwit-warehouse
# While it recovers from a crash, it asks systemd for more.
TimeoutStartSec=300
# All that is in memory is written.
TimeoutStopSec=600
LimitNOFILE=65536
LimitMEMLOCK=524288
LimitCORE=0

# What the server cannot do, should somebody else get hold of it. It needs its files and its socket, and
# no network at all. PCRE makes machine code at run time, which rules MemoryDenyWriteExecute= out.
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
  # a filesystem, a partition table or whatever else; a device that cannot be read is no empty one
  signatures=$(wipefs --noheadings --output TYPE "$device") || fail "$device cannot be read"
  if [ -z "$signatures" ]; then
    echo 'Making the filesystem …'
    # nothing is kept for root, who stores nothing there
    mkfs.ext4 -q -L $LABEL -m 0 "$device"
  fi
  echo 'Trying MariaDB …'
  mount -o nodev,nosuid,noatime "$device" "$MOUNT_DIR"
  systemctl start $UNIT || fail "MariaDB does not start:
$(journalctl --unit $UNIT --lines 20 --output cat --no-pager)"
  mariadb --no-defaults --socket=$SOCKET --execute 'select 1' >/dev/null
  systemctl stop $UNIT
  umount "$MOUNT_DIR"
}

# The device's name depends on the type of the instance.
find_volume() {
  local device give_up_at=$((SECONDS + ATTACH_MAX_S))
  while ((SECONDS < give_up_at)); do
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

delete_what_is_personal() {
  echo 'Deleting what is personal …'
  local home
  for home in /root /home/*; do
    (
      cd "$home"
      rm -rf .ssh .aws .cache .config .local .*_history .lesshst .viminfo
    )
  done
  # cloud-init keeps the user data; it and systemd make all of these anew on an instance's first boot
  # but for the link `instance`: cloud-init, which still runs, would make a folder where none is, and then
  # never start again; it replaces a link that leads nowhere
  rm -rf /var/lib/cloud/{data,instances,sem} /etc/ssh/ssh_host_*_key{,.pub} \
    /var/lib/systemd/random-seed
  : >/etc/machine-id
  dnf clean all --quiet
  find /var/log -type f -delete
}

# cloud-init puts what we say into its log, but not everywhere on the console that EC2 shows.
say() {
  echo "$1" >&2
  { echo "$1" >/dev/console; } 2>/dev/null || true
}

fail() {
  problem=$1
  exit 1
}

main
