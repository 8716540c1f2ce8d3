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
// ssh's own status, which no program of ours ends with
const CONNECTION_LOST = 255;

/** How a program is run. */
export interface RemoteCommandOptions {
  /** Its stdin. */
  input?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A connection to an instance. */
export interface SshConnection {
  /** The loopback port that leads to the instance's MySQL. */
  mysqlPort: number;
  /** Aborted, with an OperatorError as its reason, once the connection has ended. */
  lost: AbortSignal;
  /**
   * Runs a program there, given as a list, and gives its stdout.
   * @throws RemoteError when it ends with another status than 0; OperatorError when the connection is lost
   */
  run(program: string[], options?: RemoteCommandOptions): Promise<string>;
  /** Ends the connection, if there still is one. */
  close(): Promise<void>;
}

/** What a connection needs besides the login. */
export interface ConnectOptions {
  /** `ssh-ed25519 AAAA…`; null to trust the first key that is seen, and from then on no other. */
  hostKeys: string[] | null;
  /** Where keys are kept; one connection at a time can use it. */
  folder: string;
  /** Path on the instance. */
  mysqlSocket: string;
  /** Ends the attempt, not the connection. */
  signal: AbortSignal;
  /** For ssh; this process's own unless told. */
  environment?: Environment;
}

/**
 * Connects to an instance, in one attempt. The connection ends when this process does, and outlives a
 * Ctrl-C, since things are put in order through it.
 * @throws UnreachableError when it does not answer yet; OperatorError when it never will
 */
export async function connectOverSsh(
  login: Login,
  options: ConnectOptions,
): Promise<SshConnection> {
  const { hostKeys, folder, mysqlSocket, signal, environment } = options;
  const place = { cwd: folder, env: environment };
  signal.throwIfAborted();
  // left behind by a process that was killed
  await rm(join(folder, 'control.sock'), { force: true });
  if (hostKeys) {
    const lines = hostKeys.map((key) => `${login.instanceId} ${key}\n`);
    await writeFile(join(folder, KNOWN_HOSTS), lines.join(''), { mode: 0o600 });
  }
  const tunnel = { port: await findFreePort(), socket: mysqlSocket };
  const keyFile = resolve(login.keyFile);
  const trust = hostKeys ? 'pinned' : 'first-seen';
  const master = startSsh(connectCommand({ ...login, keyFile }, tunnel, trust), place);
  const close = () => stopSsh(master);
  try {
    await waitForConnection(master, login, signal);
  } catch (error) {
    // one that never started has said so already
    await close().catch(() => undefined);
    throw error;
  }
  const lost = new AbortController();
  const lose = () => lost.abort(connectionLostError(login, '', master.output.stderr));
  void master.ended.then(lose, lose);
  return {
    mysqlPort: tunnel.port,
    lost: lost.signal,
    run: (program, how) => runRemoteCommand(login, place, program, how),
    close,
  };
}

function connectionLostError({ instanceId }: Login, at: string, complaint: string): OperatorError {
  const reason = lastLines(complaint, 1);
  return new OperatorError(
    `The connection to ${instanceId} is lost${at}${reason ? `: ${reason}` : '.'}`,
  );
}

/** Where ssh is run, and in which environment. */
interface SpawnOptions {
  cwd: string;
  env: Environment | undefined;
}

interface SshProcess {
  process: ChildProcessWithoutNullStreams;
  output: { stdout: string; stderr: string };
  /** Its status; null when a signal ended it. */
  ended: Promise<number | null>;
}

function startSsh([program = '', ...parameters]: string[], place: SpawnOptions): SshProcess {
  // a group of its own: Ctrl-C in the terminal is for us alone
  const child = spawn(program, parameters, { ...place, detached: true });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // it may end before it has read all: its status tells more than a broken pipe
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(
    ([status]) => status as number | null,
    (cause: unknown) => {
      throw new OperatorError('OpenSSH is needed, and could not be started.', { cause });
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
  const giveUp = () => master.process.kill();
  limit.addEventListener('abort', giveUp);
  // whatever is said first: the connection stands before it
  const connected = once(master.process.stdout, 'data').then(() => true);
  const stands = await Promise.race([connected, master.ended.then(() => false)]);
  limit.removeEventListener('abort', giveUp);
  signal.throwIfAborted();
  if (!stands) throw toSshError(master.output.stderr, login);
}

async function runRemoteCommand(
  login: Login,
  place: SpawnOptions,
  program: string[],
  { input = '', timeoutMs = RUN_MAX_MS, signal }: RemoteCommandOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  const ssh = startSsh(remoteCommand(login, program), place);
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

/** Ends an ssh, but not what it runs: that goes on, and ssh's connection holds its pipes open. */
function killProcess({ process }: SshProcess): void {
  process.kill('SIGKILL');
  for (const pipe of [process.stdin, process.stdout, process.stderr]) pipe.destroy();
}

async function stopSsh(master: SshProcess): Promise<void> {
  master.process.kill();
  await master.ended;
}
