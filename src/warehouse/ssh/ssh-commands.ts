/** The login to an instance. */
export interface Login {
  user: string;
  address: string;
  /** The path of the private key. */
  keyFile: string;
  /** The alias of the host key. AWS reuses addresses, so an address does not identify an instance. */
  instanceId: string;
}

// A name in ssh's working folder. An absolute path may be too long for a socket, or contain characters that ssh
// replaces.
const CONTROL = 'control.sock';

/** The file of known host keys, in ssh's working folder. */
export const KNOWN_HOSTS = 'known_hosts';

/**
 * Returns the command that opens the connection that all commands share, with a tunnel to the instance's MySQL. It
 * prints a line when the connection is established, and ends when its stdin ends.
 * @param trust `pinned` accepts only a known host key; `first-seen` accepts any key of an instance without a known one
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
      // An agent with many keys would exceed the server's number of attempts before this key is tried.
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
 * Returns a shell command with which a person opens a tunnel to the instance's MySQL, in any folder.
 * @param knownHosts the absolute path of the file with the instance's host key
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
      // In this option, ssh splits words and expands `%`.
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

/**
 * Returns the command that runs a program over the shared connection. Its arguments are quoted for the remote shell.
 */
export function remoteCommand(login: Login, program: string[]): string[] {
  return [
    'ssh',
    ...options({
      BatchMode: 'yes',
      LogLevel: 'ERROR',
      ControlMaster: 'no',
      ControlPath: CONTROL,
      // When the shared connection is lost, ssh must not open another one.
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

/** Quotes an argument for a shell: the operator's, or the one on the instance that receives each ssh command. */
function quote(argument: string): string {
  return /^[\w@%+:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
