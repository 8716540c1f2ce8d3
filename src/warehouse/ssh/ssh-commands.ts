/** How to log in to an instance. */
export interface Login {
  user: string;
  address: string;
  /** Path of the private key. */
  keyFile: string;
  /** By which its key is kept: addresses are given to others once an instance has ended. */
  instanceId: string;
}

// In the folder in which ssh is run: a whole path may be too long for a socket, or hold characters that
// ssh would replace.
const CONTROL = 'control.sock';

/** The file of instances' keys, in the folder in which ssh is run. */
export const KNOWN_HOSTS = 'known_hosts';

/**
 * Opens the connection that all commands share, and the way to the instance's MySQL. It says something
 * when it stands, and lasts until its stdin ends, and the remote `cat` with it.
 * @param trust `pinned`: only a key that is known already; `first-seen`: of an instance that has none, any
 */
export function connectCommand(
  login: Login,
  tunnel: { port: number; socket: string },
  trust: 'pinned' | 'first-seen',
): string[] {
  return [
    'ssh',
    ...options({
      BatchMode: 'yes',
      LogLevel: 'ERROR',
      ConnectTimeout: '10',
      ServerAliveInterval: '10',
      ServerAliveCountMax: '3',
      StrictHostKeyChecking: trust === 'pinned' ? 'yes' : 'accept-new',
      HostKeyAlias: login.instanceId,
      UserKnownHostsFile: KNOWN_HOSTS,
      GlobalKnownHostsFile: 'none',
      ControlMaster: 'yes',
      ControlPath: CONTROL,
      ControlPersist: 'no',
      ExitOnForwardFailure: 'yes',
      // an agent full of other keys would be refused before it comes to this one
      IdentitiesOnly: 'yes',
    }),
    '-i',
    login.keyFile,
    '-L',
    `127.0.0.1:${tunnel.port}:${tunnel.socket}`,
    destination(login),
    '--',
    'echo connected && exec cat',
  ];
}

/**
 * Opens another way to the instance's MySQL, for a person: a line for a shell, which works in any folder.
 * @param knownHosts whole path of the file that holds the instance's key
 */
export function tunnelCommand(
  login: Login,
  tunnel: { port: number; socket: string },
  knownHosts: string,
): string {
  const command = [
    'ssh',
    '-N',
    ...options({
      IdentitiesOnly: 'yes',
      StrictHostKeyChecking: 'yes',
      HostKeyAlias: login.instanceId,
      // ssh takes words apart, and a % for its own
      UserKnownHostsFile: `"${knownHosts.replaceAll('%', '%%')}"`,
    }),
    '-i',
    login.keyFile,
    '-L',
    `127.0.0.1:${tunnel.port}:${tunnel.socket}`,
    destination(login),
  ];
  return command.map(quote).join(' ');
}

/** Runs a program over that connection; its arguments arrive as they are. */
export function remoteCommand(login: Login, program: string[]): string[] {
  return [
    'ssh',
    ...options({
      BatchMode: 'yes',
      LogLevel: 'ERROR',
      ControlMaster: 'no',
      ControlPath: CONTROL,
      // once the connection is lost: no second one in its place
      ProxyCommand: 'false',
      ClearAllForwardings: 'yes',
    }),
    destination(login),
    '--',
    program.map(quote).join(' '),
  ];
}

function options(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function destination({ user, address }: Login): string {
  return `${user}@${address}`;
}

/** For a shell: a person's, or that at the other end, through which whatever ssh sends goes. */
function quote(argument: string): string {
  return /^[\w@%+:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
