import { onTestFinished } from 'vitest';
import { DEFAULT_TIMING } from '../../src/cli/command-context.ts';
import { type CloudContext, createCloudContext } from '../../src/cloud/context.ts';
import { OperatorError } from '../../src/errors/operator-error.ts';
import { retryWithoutPauses } from '../support/retry-without-pauses.ts';

/** The options of the commands of a test. */
export interface TestCloudOptions {
  /** The timeout of every wait. */
  waitMaxMs?: number;
}

/** Commands that run one after the other, with their output. */
export interface TestCloud {
  /** The output since the last `open`, without times. */
  lines: string[];
  /** The URLs that were requested, such as `http://site/public at BALANCER`. All respond with 200. */
  requestedUrls: string[];
  /** A context for reads by the test, without output. */
  cloud: CloudContext;
  /** Opens the context of the next command. */
  open: (stackName?: string) => CloudContext;
  /** Stops the command, as Ctrl-C does. */
  stop: () => void;
}

// How long a command polls for a resource whose creation AWS may not have answered.
const LOST_MAX_MS = 50;

/**
 * Creates the contexts of commands until the test ends. They wait for milliseconds instead of seconds.
 */
export function openTestCloud({ waitMaxMs = 60_000 }: TestCloudOptions = {}): TestCloud {
  const lines: string[] = [];
  const requestedUrls: string[] = [];
  const print = (line: string) => void lines.push(line.replace(/^\d\d:\d\d /, ''));
  const timing = {
    ...DEFAULT_TIMING,
    firstPauseMs: 1,
    waitMaxMs,
    visibilityTimeoutMs: LOST_MAX_MS,
  };
  let controller = new AbortController();
  // All commands use the same clients, since the creation of clients takes milliseconds.
  const cloud = createCloudContext({
    stackName: 'minitwit',
    print,
    signal: controller.signal,
    timing,
    fetchHttpStatus: async (url, balancer) => {
      requestedUrls.push(balancer === undefined ? url : `${url} at ${balancer}`);
      return 200;
    },
    resolveNs: async () => Promise.reject(new Error('queryNs ENOTFOUND')),
  });
  for (const client of Object.values(cloud.clients)) {
    retryWithoutPauses(client);
    onTestFinished(() => client.destroy());
  }
  return {
    cloud,
    lines,
    requestedUrls,
    open: (stackName = 'minitwit') => {
      lines.length = 0;
      controller = new AbortController();
      const { signal } = controller;
      return { ...cloud, stackName, signal };
    },
    stop: () => controller.abort(new OperatorError('Stopped by SIGINT.')),
  };
}
