import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findFreePort } from '../../dev/free-port.ts';
import type { Environment } from '../../config/environment.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { connectCommand, KNOWN_HOSTS, type Login, remoteCommand } from './ssh-commands.ts';
import { toSshError, lastLines, RemoteCommandError } from './ssh-errors.ts';

const CONNECT_MAX_MS = 30_000;
const RUN_MAX_MS = 120_000;
// ssh exits with this status when the connection fails. No program that runs here does.
const CONNECTION_LOST = 255;

/** How a program runs on the instance. */
export interface RemoteCommandOptions {
  /** The program's stdin; empty by default. */
  input?: string;
  /** 120 s by default. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** An ssh connection to an instance. */
export interface SshConnection {
  /** The local port that is forwarded to the instance's MySQL. */
  mysqlPort: number;
  /** Aborted when the connection ends. Its reason is an OperatorError. */
  lost: AbortSignal;
  /**
   * Runs a program on the instance, and returns its stdout.
   * @param program the program and its arguments
   * @throws RemoteCommandError when the program exits with a status other than 0; OperatorError when the connection is
   *   lost, or after the timeout; the signal's reason
   */
  run(program: string[], options?: RemoteCommandOptions): Promise<string>;
  /** Closes the connection. Does nothing when it has ended. */
  close(): Promise<void>;
}

/** The options of a connection. */
export interface ConnectOptions {
  /**
   * The instance's host keys, such as `ssh-ed25519 AAAA…`. With null, the first key is trusted, and later no other key.
   */
  hostKeys: string[] | null;
  /** The folder of the known host keys and of the control socket. One connection can use it at a time. */
  folder: string;
  /** The path of MySQL's socket on the instance. */
  mysqlSocket: string;
  /** Ends the attempt to connect. It does not close the connection. */
  signal: AbortSignal;
  /** The environment of ssh; by default that of this process. */
  environment?: Environment;
}

/**
 * Connects to an instance, in one attempt. The connection ends with this process. It survives Ctrl-C, since the cleanup
 * needs it.
 * @throws UnreachableError when the instance does not answer; OperatorError when a retry would fail, too; the signal's
 *   reason
 */
export async function connectOverSsh(
  login: Login,
  options: ConnectOptions,
): Promise<SshConnection> {
  const { hostKeys, folder, mysqlSocket, signal, environment } = options;
  const spawnOptions = { cwd: folder, env: environment };
  signal.throwIfAborted();
  // A killed process leaves its socket.
  await rm(join(folder, 'control.sock'), { force: true });
  if (hostKeys) {
    const lines = hostKeys.map((key) => `${login.instanceId} ${key}\n`);
    await writeFile(join(folder, KNOWN_HOSTS), lines.join(''), { mode: 0o600 });
  }
  const tunnel = { port: await findFreePort(), socket: mysqlSocket };
  const keyFile = resolve(login.keyFile);
  const trust = hostKeys ? 'pinned' : 'first-seen';
  const master = startSsh(connectCommand({ ...login, keyFile }, tunnel, trust), spawnOptions);
  const close = () => stopSsh(master);
  try {
    await waitForConnection(master, login, signal);
  } catch (error) {
    // If ssh could not start, this fails with the same error.
    await close().catch(() => undefined);
    throw error;
  }
  const lost = new AbortController();
  const lose = () => lost.abort(connectionLostError(login, '', master.output.stderr));
  void master.ended.then(lose, lose);
  return {
    mysqlPort: tunnel.port,
    lost: lost.signal,
    run: (program, how) => runRemoteCommand(login, spawnOptions, program, how),
    close,
  };
}

function connectionLostError({ instanceId }: Login, where: string, stderr: string): OperatorError {
  const reason = lastLines(stderr, 1);
  return new OperatorError(
    `The connection to ${instanceId} is lost${where}${reason ? `: ${reason}` : '.'}`,
  );
}

/** The folder and the environment of ssh. */
interface SpawnOptions {
  cwd: string;
  env: Environment | undefined;
}

interface SshProcess {
  process: ChildProcessWithoutNullStreams;
  output: { stdout: string; stderr: string };
  /** The exit status; null when a signal ended the process. */
  ended: Promise<number | null>;
}

function startSsh([program = '', ...parameters]: string[], options: SpawnOptions): SshProcess {
  // In its own process group, ssh does not receive the terminal's Ctrl-C.
  const child = spawn(program, parameters, { ...options, detached: true });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // When ssh ends before it has read its stdin, the exit status is more informative than a broken pipe.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(
    ([status]) => status as number | null,
    (cause: unknown) => {
      throw new OperatorError('Cannot start ssh. Install OpenSSH, then run the command again.', {
        cause,
      });
    },
  );
  return { process: child, output, ended };
}

async function waitForConnection(
  master: SshProcess,
  login: Login,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MAX_MS)]);
  const kill = () => master.process.kill();
  limit.addEventListener('abort', kill);
  // The remote command prints only after the connection is established.
  const connected = once(master.process.stdout, 'data').then(() => true);
  const isConnected = await Promise.race([connected, master.ended.then(() => false)]);
  limit.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (!isConnected) throw toSshError(master.output.stderr, login);
}

async function runRemoteCommand(
  login: Login,
  spawnOptions: SpawnOptions,
  program: string[],
  { input = '', timeoutMs = RUN_MAX_MS, signal }: RemoteCommandOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  const ssh = startSsh(remoteCommand(login, program), spawnOptions);
  const { output } = ssh;
  ssh.process.stdin.end(input);
  limit.addEventListener('abort', () => killProcess(ssh));
  const status = await ssh.ended;
  if (status === 0) return output.stdout;

  const name = program.find((word) => !['sudo', '-n'].includes(word)) ?? '';
  signal?.throwIfAborted();
  if (limit.aborted) {
    throw new OperatorError(`${name} did not end on the instance within ${timeoutMs / 1000} s.`);
  }
  if (status === null || status === CONNECTION_LOST) {
    throw connectionLostError(login, `, at ${name}`, output.stderr);
  }
  throw new RemoteCommandError(name, { status, ...output });
}

/** Kills an ssh process. The remote program continues, and holds the pipes open, so they are destroyed. */
function killProcess({ process }: SshProcess): void {
  process.kill('SIGKILL');
  for (const pipe of [process.stdin, process.stdout, process.stderr]) pipe.destroy();
}

async function stopSsh(master: SshProcess): Promise<void> {
  master.process.kill();
  await master.ended;
}
