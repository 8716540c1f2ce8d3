/** The label of the volume's filesystem. The name of its device depends on the instance. */
export const VOLUME_LABEL = 'mysqlvol';

/** The systemd service that userdata/warehouse.sh creates. */
const MYSQL_UNIT = 'minitwit-warehouse.service';

/** The socket of the instance's MySQL, which listens on no port. */
export const MYSQL_SOCKET = '/run/minitwit-warehouse/mysql.sock';

/** Returns the command that runs a program as root. It fails where sudo needs a password. */
export function asRoot(...program: string[]): string[] {
  return ['sudo', '-n', ...program];
}

// Held by each program that uses the volume, since a program continues when its ssh command is abandoned.
const VOLUME_LOCK = '/run/minitwit-volume.lock';

function withVolumeLock(...program: string[]): string[] {
  return asRoot('flock', VOLUME_LOCK, ...program);
}

/** Returns the command that waits until no other command uses the volume. */
export function waitForVolumeLock(): string[] {
  return withVolumeLock('true');
}

/**
 * Returns the command that prints the devices with a filesystem of this label, one a line. It exits with 2 for none.
 */
export function findDevices(label: string): string[] {
  // The cache of blkid may hold devices that are detached.
  return asRoot('blkid', '-c', '/dev/null', '-t', `LABEL=${label}`, '-o', 'device');
}

/** Returns the command that prints the device that is mounted at this folder. It exits with 1 for none. */
export function findMounted(mountDir: string): string[] {
  return ['findmnt', '--noheadings', '--output', 'SOURCE', '--mountpoint', mountDir];
}

/**
 * Returns the command that checks a filesystem, even a clean one, and makes safe repairs. It exits with 1 after a
 * repair.
 */
export function checkFilesystem(device: string): string[] {
  return withVolumeLock('e2fsck', '-f', '-p', device);
}

/** Returns the command that mounts the volume. No program on it can be set-user-id. */
export function mount(device: string, mountDir: string): string[] {
  return withVolumeLock('mount', '-o', 'nodev,nosuid,noatime', device, mountDir);
}

/** Returns the command that grows a checked filesystem to the size of its volume. */
export function growFilesystem(device: string): string[] {
  return withVolumeLock('resize2fs', device);
}

/** Returns the command that prints a heading, and a line with the free and the total bytes. */
export function diskUsage(mountDir: string): string[] {
  return ['df', '--block-size=1', '--output=avail,size', mountDir];
}

/** Returns a `systemctl` command for the warehouse's MySQL. */
export function systemctl(...words: string[]): string[] {
  return asRoot('systemctl', ...words, MYSQL_UNIT);
}

/** Returns the command that shuts the instance down, which terminates it. It does not wait for the end. */
export function powerOff(): string[] {
  return asRoot('systemctl', 'poweroff', '--no-block');
}

/** Returns the command that prints the last lines of the service's journal. */
export function journalTail(lines: number): string[] {
  const output = ['--output', 'cat', '--no-pager', '--quiet'];
  return asRoot('journalctl', '--unit', MYSQL_UNIT, '--lines', String(lines), ...output);
}

/** Returns the command that runs the SQL of its stdin as MySQL's root. */
export function sql(): string[] {
  const options = ['--no-defaults', `--socket=${MYSQL_SOCKET}`, '--default-character-set=utf8mb4'];
  // In binary mode, the client treats no line as its own command.
  return asRoot('mariadb', ...options, '--batch', '--binary-mode');
}
