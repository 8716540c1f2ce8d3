import { createWaits } from '../../src/aws/waits.ts';
import { type Cloud, type Clients, openCloud, PACE } from '../../src/cloud/cloud.ts';
import { OperatorError } from '../../src/errors.ts';

/** What a test says of the commands that it opens. */
export interface TestCloudOptions {
  /** The longest that anything is waited for. */
  waitMaxMs?: number;
  /** For how long to look for something that AWS may have made without saying so. */
  lostMaxMs?: number;
}

/** Commands, one after the other, with what they show. */
export interface TestCloud {
  /** What was shown since the last `open`, without times. */
  lines: string[];
  /** The addresses that were asked whether they are ready; all are. */
  asked: string[];
  /** To look with: it is no command, and shows nothing. */
  cloud: Cloud;
  /** Opens a command; the one before it is over. */
  open: (stackName?: string) => Cloud;
  /** Stops the command, as Ctrl-C does. */
  stop: () => void;
}

/** Gives commands what they work with: they wait for milliseconds where operators wait for seconds. */
export function openTestCloud({
  waitMaxMs = 60_000,
  lostMaxMs = 50,
}: TestCloudOptions = {}): TestCloud {
  const lines: string[] = [];
  const asked: string[] = [];
  const print = (line: string) => void lines.push(line.replace(/^\d\d:\d\d /, ''));
  const pace = { ...PACE, firstPauseMs: 1, waitMaxMs, lostMaxMs };
  let controller = new AbortController();
  // Its clients serve all commands, since it takes milliseconds to make them.
  const cloud = openCloud({
    stackName: 'minitwit',
    print,
    signal: controller.signal,
    pace,
    fetchStatus: async (url) => {
      asked.push(url);
      return 200;
    },
  });
  for (const client of Object.values(cloud.clients)) repeatAtOnce(client);
  return {
    cloud,
    lines,
    asked,
    open: (stackName = 'minitwit') => {
      lines.length = 0;
      controller = new AbortController();
      const { signal } = controller;
      return { ...cloud, stackName, signal, ...createWaits({ pace, signal }, cloud.tell) };
    },
    stop: () => controller.abort(new OperatorError('Stopped by SIGINT.')),
  };
}

/** Has a client repeat what was lost or throttled as often as it does, but without the pauses, which take seconds. */
function repeatAtOnce({ config }: Clients[keyof Clients]): void {
  const { retryStrategy } = config;
  config.retryStrategy = async () =>
    Object.assign(await retryStrategy(), {
      retryBackoffStrategy: { setDelayBase: () => undefined, computeNextBackoffDelay: () => 0 },
    });
}
