import type { Database } from '../database/database.ts';
import { NOW, type Statements } from '../database/statements.ts';

/** The decisions about users and messages. The table has them as they are written here. */
export type DecisionAction =
  | 'hide_message'
  | 'restore_message'
  | 'suspend'
  | 'lift_suspension'
  | 'close_report'
  | 'make_moderator'
  | 'end_moderator'
  | 'rename'
  | 'delete'
  | 'reset_password'
  | 'remove_second_factor';

/** A decision of a moderator or of the operator. */
export interface Decision {
  /** The username of the moderator, or null for the operator. */
  actor: string | null;
  action: DecisionAction;
  /** The user whom the decision is about. `username` is the name at that time. */
  userId: number;
  username: string;
  /** The message of this user that the decision is about, or null if it is about the user. */
  messageId: number | null;
  /** Up to REASON_MAX_LENGTH code points. */
  reason: string;
}

/** A decision as the audit log has it. */
export interface RecordedDecision extends Decision {
  decisionId: number;
  /** Seconds since 1970. */
  createdS: number;
}

/** A decision in a list with links to the people whom the decisions are about. */
export interface ListedDecision extends RecordedDecision {
  /** The name that the user has now. Null if the account was deleted or is being deleted. */
  currentName: string | null;
}

/** A page of the audit log, newest decision first. */
export interface AuditPage {
  decisions: ListedDecision[];
  hasOlder: boolean;
}

/** Reads the table `audit`. No row of it is ever changed or deleted. */
export interface Audit {
  /** Lists the decisions before a decision id, or the newest ones if it is null. */
  listDecisions(before: number | null): Promise<AuditPage>;
  /** Lists the newest decisions about each of these users, newest first, at most DECISIONS_PER_USER. */
  listDecisionsAbout(userIds: number[]): Promise<RecordedDecision[]>;
}

/** The length of the longest reason, in code points. */
export const REASON_MAX_LENGTH = 1000;

/** The number of decisions on a page of the audit log. */
export const AUDIT_PAGE_SIZE = 30;

/** The number of decisions that `listDecisionsAbout` returns for a user. */
export const DECISIONS_PER_USER = 5;

/** Records a decision with the time of the database, in the transaction that carries it out. */
export async function recordDecision(transaction: Statements, decision: Decision): Promise<void> {
  const { actor, messageId } = decision;
  await transaction.execute(
    `insert into audit (created_s, actor, action, user_id, username, message_id, reason)
     values (:now, :actor, :action, :userId, :username, :messageId, :reason)`,
    { ...decision, now: NOW, actor: actor ?? '', messageId: messageId ?? 0 },
  );
}

/** Creates the audit log of a database. */
export function createAudit(database: Database): Audit {
  return {
    async listDecisions(before) {
      const rows = await database.select<ListedDecision>(
        `select audit.audit_id as decisionId, audit.created_s as createdS, audit.actor, audit.action,
           audit.user_id as userId, audit.username, audit.message_id as messageId, audit.reason,
           if(hidden_author.is_deleted, null, user.username) as currentName
         from audit
         left join user on user.user_id = audit.user_id
         left join hidden_author on hidden_author.user_id = audit.user_id
         where audit.audit_id < :before and :isPrimary
         order by audit.audit_id desc
         limit :limit`,
        { before: before ?? Number.MAX_SAFE_INTEGER, limit: AUDIT_PAGE_SIZE + 1 },
      );
      return {
        decisions: rows.slice(0, AUDIT_PAGE_SIZE).map(toDecision),
        hasOlder: rows.length > AUDIT_PAGE_SIZE,
      };
    },

    async listDecisionsAbout(userIds) {
      if (userIds.length === 0) return [];
      const rows = await database.select<RecordedDecision>(
        `select decisionId, createdS, actor, action, userId, username, messageId, reason
         from (
           select audit_id as decisionId, created_s as createdS, actor, action, user_id as userId,
             username, message_id as messageId, reason,
             row_number() over (partition by user_id order by audit_id desc) as place
           from audit
           where user_id in (:userIds) and :isPrimary
         ) as numbered
         where place <= :limit
         order by decisionId desc`,
        { userIds, limit: DECISIONS_PER_USER },
      );
      return rows.map(toDecision);
    },
  };
}

/** Replaces the values that stand for null in the table. */
function toDecision<Row extends RecordedDecision>(row: Row): Row {
  return { ...row, actor: row.actor || null, messageId: row.messageId || null };
}
