import { randomUUID } from 'node:crypto';
import type { RowDataPacket } from 'mysql2';
import type { DatabaseConfig } from '../../src/config/config.ts';
import { withConnection } from '../../src/database/with-connection.ts';
import type { Defer } from '../support/cleanup.ts';
import { runSql } from '../support/database.ts';
import { reservePort } from '../support/ports.ts';
import { type RealMysql, startRealMysql } from '../support/real-mysql.ts';
import { waitFor } from '../support/wait-for.ts';
import { CHECK_USER, startPrimaryProxy } from './primary-proxy.ts';

const SERVERS = 3;
const CONNECT_MAX_MS = 1000;
const SERVER_ID = 'select @@server_uuid as id';
// A restarted server joins the group, and is read-only until then, so the proxy never takes it for the primary.
const REJOIN = ['--super-read-only=ON', '--group-replication-start-on-boot=ON'];

/** MySQL servers with one primary, and an address that leads to it, like the endpoint of a cluster. */
export interface DatabaseGroup {
  /** The login of MiniTwit through this address. The user may create databases whose names start with `minitwit`. */
  config: DatabaseConfig;
  /**
   * Waits until all servers are in the group and can become the primary, and the address leads to the primary. Returns
   * their current roles.
   */
  waitForMembers: () => Promise<Roles>;
  /** Waits until a server other than `old` is the primary. */
  waitForPrimaryAfter: (old: Member) => Promise<void>;
}

/** The roles of the servers of a group. */
export interface Roles {
  primary: Member;
  /** The read-only servers, at least one. */
  secondaries: [Member, ...Member[]];
}

/** A server of a group. */
export interface Member extends Omit<RealMysql, 'restart'> {
  /** The id of the server in the group. */
  id: string;
  /** Starts the killed server, which then joins the group. Resolves when a client can log in. */
  restart: () => Promise<void>;
}

/** Starts three servers with group replication, and HAProxy in front of them. */
export async function startGroup(defer: Defer): Promise<DatabaseGroup> {
  const servers = await startServers(defer);
  const members: Member[] = [];
  for (const server of servers) members.push(await joinGroup(server, members.length === 0));
  const [first] = members as [Member];
  const toServers = servers.map(({ config }) => config.port);
  const config = { ...first.config, port: await startPrimaryProxy(toServers, defer) };
  // Before its first checks, the proxy leads to any server.
  await waitForProxy(config, first);
  return {
    config,
    async waitForMembers() {
      const roles = await waitForMembers(members);
      await waitForProxy(config, roles.primary);
      return roles;
    },
    async waitForPrimaryAfter(old) {
      const others = members.filter((member) => member !== old);
      await waitFor('another server is the primary', async () => {
        const views = await Promise.all(others.map(listOnline));
        return others.some(({ id }, index) => findPrimaryId(views[index] ?? []) === id);
      });
    },
  };
}

async function waitForProxy(proxy: DatabaseConfig, primary: Member): Promise<void> {
  await waitFor('the proxy leads to the primary', async () => {
    const [row] = await query<{ id: string }>(proxy, SERVER_ID).catch(() => []);
    return row?.id === primary.id;
  });
}

async function startServers(defer: Defer): Promise<RealMysql[]> {
  const ports = await Promise.all(Array.from({ length: SERVERS }, () => reservePort(defer)));
  const options = createOptions(ports);
  return Promise.all(
    ports.map((port, index) =>
      startRealMysql(defer, [
        ...options,
        `--server-id=${index + 1}`,
        `--group-replication-local-address=127.0.0.1:${port}`,
      ]),
    ),
  );
}

/** @param ports the ports on which the servers communicate */
function createOptions(ports: number[]): string[] {
  return [
    '--innodb-buffer-pool-size=64M',
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    '--report-host=127.0.0.1',
    '--plugin-load-add=group_replication.so',
    `--group-replication-group-name=${randomUUID()}`,
    `--group-replication-group-seeds=${ports.map((port) => `127.0.0.1:${port}`).join()}`,
    '--group-replication-recovery-get-public-key=ON',
    '--group-replication-start-on-boot=OFF',
    // The group expels a silent server as soon as it suspects it, after 5 s.
    '--group-replication-member-expel-timeout=0',
  ];
}

async function joinGroup(server: RealMysql, isFirst: boolean): Promise<Member> {
  const { administrator } = server;
  await runSql(
    administrator,
    `create user ${CHECK_USER}`,
    "create user recovery identified by 'recovery'",
    'grant replication slave, backup_admin, connection_admin, group_replication_stream on *.* to recovery',
    // Each server has created these users itself.
    'reset binary logs and gtids',
    `change replication source to source_user = 'recovery', source_password = 'recovery'
     for channel 'group_replication_recovery'`,
    `set global group_replication_bootstrap_group = ${Number(isFirst)}`,
    'start group_replication',
    'set global group_replication_bootstrap_group = 0',
  );
  const [row] = await query<{ id: string }>(administrator, SERVER_ID);
  return { ...server, id: row?.id ?? '', restart: () => server.restart(REJOIN) };
}

async function waitForMembers(members: Member[]): Promise<Roles> {
  let primaryId: string | undefined;
  await waitFor('all servers of the group are online', async () => {
    const views = await Promise.all(members.map(listOnline));
    primaryId = findPrimaryId(views[0] ?? []);
    const isComplete = views.every(
      (view) => view.length === members.length && findPrimaryId(view) === primaryId,
    );
    return isComplete && primaryId !== undefined;
  });
  const [primary] = members.filter(({ id }) => id === primaryId) as [Member];
  const secondaries = members.filter((member) => member !== primary);
  return { primary, secondaries: secondaries as Roles['secondaries'] };
}

interface OnlineMember {
  id: string;
  role: 'PRIMARY' | 'SECONDARY';
}

/** Lists the servers that a server can reach in its group. The list is empty if the server itself does not respond. */
async function listOnline({ administrator }: Member): Promise<OnlineMember[]> {
  const sql = `select member_id as id, member_role as role
    from performance_schema.replication_group_members
    where member_state = 'ONLINE'`;
  return query<OnlineMember>(administrator, sql).catch(() => []);
}

function findPrimaryId(online: OnlineMember[]): string | undefined {
  return online.find(({ role }) => role === 'PRIMARY')?.id;
}

function query<Row>(config: DatabaseConfig, sql: string): Promise<Row[]> {
  const options = { waitMaxMs: 0, connectTimeoutMs: CONNECT_MAX_MS };
  return withConnection(config, options, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows as Row[];
  });
}
