import type { ListRows, PersonalData } from '../../repositories/personal-data.ts';

/** A session of the user, as the export shows it. The times are in seconds since 1970. */
export interface ExportedSession {
  browser: string;
  /** Null if unknown. */
  createdS: number | null;
  usedS: number;
}

/** The user whose data are exported. */
export interface ExportOwner {
  userId: number;
  sessions: ExportedSession[];
}

/** The version of the format, which docs/export.md describes. A change that breaks readers needs another one. */
const VERSION = 1;

/**
 * Generates the file with a user's data as pieces of JSON text, one for each page of rows. A page is read when the
 * previous piece has been taken. If a read fails, the generator throws, and the pieces so far are no valid JSON.
 */
export async function* generateExport(
  data: PersonalData,
  { userId, sessions }: ExportOwner,
): AsyncGenerator<string> {
  const found = await data.findAccount(userId);
  if (!found) throw new Error('The user of this session does not exist.');
  const { registeredS, ...account } = found;
  const passkeys = await data.listPasskeys(userId);
  const first = JSON.stringify({
    format: 'minitwit-export',
    version: VERSION,
    exportedAt: new Date().toISOString(),
    account: { ...account, registeredAt: toTime(registeredS) },
    sessions: sessions.map(({ browser, createdS, usedS }) => ({
      browser,
      createdAt: toTime(createdS),
      usedAt: toTime(usedS),
    })),
    passkeys: passkeys.map(({ name, createdS, usedS }) => ({
      name,
      createdAt: toTime(createdS),
      usedAt: toTime(usedS),
    })),
  });
  // Without its last brace, so that the lists follow.
  yield first.slice(0, -1);

  const list = <Row extends { id: number }>(
    name: string,
    listRows: ListRows<Row>,
    toItem: (row: Row) => unknown,
  ) => generateList(name, (afterId) => listRows(userId, afterId), toItem);
  const toName = ({ username }: { username: string }) => username;
  yield* list('following', data.listFollowed, toName);
  yield* list('blocked', data.listBlocked, toName);
  yield* list('muted', data.listMuted, toName);
  yield* list('reports', data.listReports, (report) => ({
    username: report.username,
    messageId: report.messageId || null,
    reason: report.reason,
    text: report.text,
    createdAt: toTime(report.createdS),
    closedAt: toTime(report.closedS),
  }));
  yield* list('messages', data.listOwnMessages, ({ id, text, pubDateS }) => ({
    id,
    text,
    postedAt: toTime(pubDateS),
  }));
  yield '}\n';
}

/** Generates a member of the object: a list with one item on each line. */
async function* generateList<Row extends { id: number }>(
  name: string,
  listRows: (afterId: number) => Promise<Row[]>,
  toItem: (row: Row) => unknown,
): AsyncGenerator<string> {
  yield `,\n${JSON.stringify(name)}:[`;
  let rows = await listRows(0);
  for (let isFirst = true; rows.length > 0; isFirst = false) {
    const items = rows.map((row) => JSON.stringify(toItem(row))).join(',\n');
    yield `${isFirst ? '' : ','}\n${items}`;
    rows = await listRows(rows.at(-1)?.id ?? 0);
  }
  yield ']';
}

/** Returns a time in ISO 8601, in UTC. */
function toTime(timeS: number | null): string | null {
  return timeS === null ? null : new Date(timeS * 1000).toISOString();
}
