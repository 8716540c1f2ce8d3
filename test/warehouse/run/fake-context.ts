import { createCommandContext } from '../../../src/cli/command-context.ts';
import type { RunContext } from '../../../src/warehouse/context.ts';

/** An operation of a run outside AWS: on the instance, or with its database. */
export type Point =
  | 'connect'
  | 'mount'
  | 'start-mysql'
  | 'copy'
  | 'upload'
  | 'stop-mysql'
  | 'unmount'
  | 'power-off'
  | 'close';

/** Creates the context of a run whose operations on the instance do nothing but call `pass`. */
export function createFakeContext(
  given: Pick<RunContext, 'ec2' | 'folder' | 'print' | 'signal'>,
  volumeId: string,
  pass: (point: Point) => Promise<void>,
): RunContext {
  return createCommandContext({
    ...given,
    config: {
      volumeDevice: '/dev/sdf',
      mountDir: '/mysql-db',
      keyName: 'operator',
      keyFile: '/home/operator/.ssh/key.pem',
      securityGroup: 'sg-0123456789abcdef0',
      instanceType: 't3.large',
      subnetId: null,
      market: 'on-demand',
      sshUser: 'ec2-user',
      hostKey: 'console',
      maxHours: 8,
      imageId: 'ami-0123456789abcdef0',
      volumeId,
      databaseUser: 'analyst',
      databasePassword: 'not to be seen',
      bucket: null,
    },
    order: {
      source: {
        host: 'db.example',
        port: 3306,
        user: 'reader',
        password: 'not to be seen',
        name: 'minitwit',
        sslCa: null,
        poolSize: 1,
      },
      withCredentials: false,
      maxRowsPerSecond: 5000,
    },
    operations: {
      connect: async () => {
        await pass('connect');
        const remote = async (program: string[]) => {
          if (program.includes('poweroff')) await pass('power-off');
          return '';
        };
        const lost = new AbortController().signal;
        return { mysqlPort: 1, lost, run: remote, close: () => pass('close') };
      },
      mountVolume: () => pass('mount'),
      startMysql: () => pass('start-mysql'),
      stopMysql: () => pass('stop-mysql'),
      unmountVolume: () => pass('unmount'),
    },
    copy: async () => {
      await pass('copy');
      return { 'minitwit:rows-message': '42' };
    },
    upload: () => pass('upload'),
    checkSourceAndBucket: async () => undefined,
    timing: {
      // The shortest timer takes a millisecond: so do the first dozen pauses.
      firstPauseMs: 0.01,
      waitMaxMs: 20_000,
      bestEffortTimeoutMs: 20_000,
      visibilityTimeoutMs: 2000,
      spotPollIntervalMs: 5,
      stopTimeoutMs: 20_000,
    },
  });
}
