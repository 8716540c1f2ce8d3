import type { Parts } from '../../../src/warehouse/run/run.ts';

/** Where a run leaves AWS and works on the instance. */
export type Point =
  | 'connect'
  | 'mount'
  | 'start-mysql'
  | 'work'
  | 'upload'
  | 'stop-mysql'
  | 'unmount'
  | 'power-off'
  | 'close';

/** What a run is given, with an instance on which nothing happens but that points are passed. */
export function fakeParts(
  folder: string,
  volumeId: string,
  pass: (point: Point) => Promise<void>,
): Omit<Parts, 'ec2' | 'print' | 'signal'> {
  return {
    folder,
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
    machine: {
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
    work: async () => {
      await pass('work');
      return { 'minitwit:rows-message': '42' };
    },
    upload: () => pass('upload'),
    checkOthers: async () => undefined,
    pace: {
      // The shortest timer takes a millisecond: so do the first dozen pauses.
      firstPauseMs: 0.01,
      waitMaxMs: 20_000,
      tidyMaxMs: 20_000,
      visibilityTimeoutMs: 2000,
      spotEveryMs: 5,
      stopMaxMs: 20_000,
    },
  };
}
