import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

const LOG_FOLDER = '/var/log/amazon/ssm';
// The messages of amazon-ssm-agent 3.3.
const SLEEPS =
  'INFO [CredentialRefresher] Sleeping for 27m48s before retrying retrieve credentials';
const ACCEPTED =
  'INFO EC2RoleProvider Successfully connected with instance profile role credentials';
const REFUSED_STARTS = 2;

/** The agent of Systems Manager on an instance. */
export interface Agent {
  /** Returns whether Systems Manager has accepted the agent's role, so that the agent runs commands. */
  isOnline: () => Promise<boolean>;
  /** Returns how often the agent was started. */
  countStarts: () => Promise<number>;
}

/**
 * Starts an agent, and the instance's user data beside it. Systems Manager accepts a new role at the third start of the
 * agent. Until a restart, an agent that was refused sleeps for half an hour, which is longer than any test.
 */
export function startAgent(userData: string): Agent {
  const folder = mkdtempSync(join(tmpdir(), 'minitwit-agent-'));
  const log = join(folder, 'amazon-ssm-agent.log');
  writeFileSync(log, `${SLEEPS}\n`);
  const standIns = `
    shutdown() { true; }
    sleep() { command sleep 0.02; }
    systemctl() {
      [ "$*" = 'restart amazon-ssm-agent.service' ] || exit
      if (($(wc -l <'${log}') < ${REFUSED_STARTS})); then echo '${SLEEPS}'; else echo '${ACCEPTED}'; fi >>'${log}'
    }
  `;
  const script = userData.replaceAll(LOG_FOLDER, folder);
  const ended = run('bash', ['--norc', '-c', `${standIns}\n${script}`]);
  onTestFinished(async () => {
    await ended;
    await rm(folder, { recursive: true });
  });
  // Each start logs one line.
  const readStarts = async () => (await readFile(log, 'utf8')).trim().split('\n');
  return {
    isOnline: async () => (await readStarts()).at(-1) === ACCEPTED,
    countStarts: async () => (await readStarts()).length,
  };
}
