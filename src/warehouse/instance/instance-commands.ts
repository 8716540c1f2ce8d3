/** The label of the volume's filesystem: Linux gives its device a name that cannot be foretold. */
export const VOLUME_LABEL = 'mysqlvol';

/** The service that userdata/warehouse.sh made. */
export const MYSQL_UNIT = 'minitwit-warehouse.service';

/** Where the instance's MySQL listens, and nowhere else. */
export const MYSQL_SOCKET = '/run/minitwit-warehouse/mysql.sock';

/** Runs a program as root, or fails where that takes a password. */
export function asRoot(...program: string[]): string[] {
  return ['sudo', '-n', ...program];
}

// Held by whatever works with the volume: a program goes on when nobody waits for it any more.
const VOLUME_LOCK = '/run/minitwit-volume.lock';

function withVolumeLock(...program: string[]): string[] {
  return asRoot('flock', VOLUME_LOCK, ...program);
}

/** Waits until no check, growing or mounting is going on. */
export function waitForVolumeLock(): string[] {
  return withVolumeLock('true');
}

/** Prints the devices that hold a filesystem of that label, one a line; status 2 for none. */
export function findDevices(label: string): string[] {
  // without its cache, which may know what is no longer attached
  return asRoot('blkid', '-c', '/dev/null', '-t', `LABEL=${label}`, '-o', 'device');
}

/** Prints the device that is mounted at exactly this folder; status 1 for none. */
export function findMounted(mountDir: string): string[] {
  return ['findmnt', '--noheadings', '--output', 'SOURCE', '--mountpoint', mountDir];
}

/**
 * Checks a filesystem, one that is marked as clean too, and repairs what can be without a decision; status 1
 * when it did.
 */
export function checkFilesystem(device: string): string[] {
  return withVolumeLock('e2fsck', '-f', '-p', device);
}

/** Mounts the volume, which holds data and no programs. */
export function mount(device: string, mountDir: string): string[] {
  return withVolumeLock('mount', '-o', 'nodev,nosuid,noatime', device, mountDir);
}

/** Lets a filesystem that was just checked take the whole volume, should that have become larger. */
export function growFilesystem(device: string): string[] {
  return withVolumeLock('resize2fs', device);
}

/** Prints a line of headings, and one of the free bytes and all bytes. */
export function diskUsage(mountDir: string): string[] {
  return ['df', '--block-size=1', '--output=avail,size', mountDir];
}

/** `systemctl` for our service. */
export function systemctl(...words: string[]): string[] {
  return asRoot('systemctl', ...words, MYSQL_UNIT);
}

/** Shuts the instance down in order, by which it ends for ever; does not wait until it has. */
export function powerOff(): string[] {
  return asRoot('systemctl', 'poweroff', '--no-block');
}

/** Prints the service's last words. */
export function journalTail(lines: number): string[] {
  const output = ['--output', 'cat', '--no-pager', '--quiet'];
  return asRoot('journalctl', '--unit', MYSQL_UNIT, '--lines', String(lines), ...output);
}

/** Runs the SQL of its stdin as MySQL's root, who logs in through the socket. */
export function sql(): string[] {
  const options = ['--no-defaults', `--socket=${MYSQL_SOCKET}`, '--default-character-set=utf8mb4'];
  // binary mode: no line of it is a command of the client's own
  return asRoot('mariadb', ...options, '--batch', '--binary-mode');
}
