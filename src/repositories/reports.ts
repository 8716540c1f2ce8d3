import type { Database } from '../database/database.ts';
import { isDuplicateKey } from '../database/query-errors.ts';
import { NOW } from '../database/statements.ts';
import { recordDecision } from './audit.ts';
import type { Verdict } from './hidden-messages.ts';
import type { FoundMessage } from './messages.ts';
import { lockUserPair } from './unseen-authors.ts';

/** The reasons for a report. The table has them as they are written here. */
export const REPORT_REASONS = ['spam', 'harassment', 'illegal', 'impersonation', 'other'] as const;

/** The reason for a report. */
export type ReportReason = (typeof REPORT_REASONS)[number];

/** A report for `createReport`. */
export interface NewReport {
  reporterId: number;
  /** The reported person, or the author of the reported message. */
  userId: number;
  /** Null if the person is reported. */
  messageId: number | null;
  reason: ReportReason;
  /** Up to REPORT_TEXT_MAX_LENGTH code points. */
  text: string;
}

/** A report with its context. */
export interface Report extends Omit<NewReport, 'reporterId'> {
  reportId: number;
  /** The username of the user who has sent the report. */
  reporter: string;
  /** The name of the reported person. */
  username: string;
  /** Null if the person is reported, or if the author has deleted the message. */
  message: FoundMessage | null;
  /** Whether the person is suspended now. */
  isSuspended: boolean;
  isOpen: boolean;
  /** Seconds since 1970. */
  createdS: number;
}

/** A page of the open reports, newest first. */
export interface ReportPage {
  reports: Report[];
  hasOlder: boolean;
}

/** Reads and writes the table `report`. */
export interface Reports {
  /** Stores a report. Returns false, and changes nothing, if this user has already reported the same thing. */
  createReport(report: NewReport): Promise<boolean>;
  /** Lists the open reports before a report id, or the newest ones if it is null, without those about the reader. */
  listOpenReports(readerId: number, before: number | null): Promise<ReportPage>;
  findReport(reportId: number): Promise<Report | null>;
  /** Closes a report. Returns false, and changes nothing, if it is closed or no longer exists. */
  closeReport(report: Report, verdict: Verdict): Promise<boolean>;
}

/** The length of the longest text of a report, in code points. */
export const REPORT_TEXT_MAX_LENGTH = 1000;

/** The number of reports on a page. */
export const REPORTS_PAGE_SIZE = 20;

/** Creates the reports of a database. */
export function createReports(database: Database): Reports {
  return {
    async createReport({ reporterId, userId, messageId, reason, text }) {
      try {
        await database.transact(async (transaction) => {
          await lockUserPair(transaction, { whoId: reporterId, whomId: userId });
          await transaction.execute(
            `insert into report (reporter_id, user_id, message_id, reason, text, created_s)
             values (:reporterId, :userId, :messageId, :reason, :text, :now)`,
            { reporterId, userId, messageId: messageId ?? 0, reason, text, now: NOW },
          );
        });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },

    async listOpenReports(readerId, before) {
      // The last report of a page begins the next one, so each id must be that of a report that is found.
      const rows = await database.select<{ reportId: number }>(
        `select report.report_id as reportId
         from report
         left join hidden_author as reporter_deletion
           on reporter_deletion.user_id = report.reporter_id and reporter_deletion.is_deleted = true
         left join hidden_author as person_deletion
           on person_deletion.user_id = report.user_id and person_deletion.is_deleted = true
         where report.closed_s is null and report.report_id < :before
           and report.user_id <> :readerId and reporter_deletion.user_id is null
           and person_deletion.user_id is null and :isPrimary
         order by report.report_id desc
         limit :limit`,
        { readerId, before: before ?? Number.MAX_SAFE_INTEGER, limit: REPORTS_PAGE_SIZE + 1 },
      );
      const reportIds = rows.slice(0, REPORTS_PAGE_SIZE).map(({ reportId }) => reportId);
      return {
        reports: await listReports(reportIds),
        hasOlder: rows.length > REPORTS_PAGE_SIZE,
      };
    },

    async findReport(reportId) {
      const [report] = await listReports([reportId]);
      return report ?? null;
    },

    closeReport: ({ reportId, userId, username, messageId }, verdict) =>
      database.transact(async (transaction) => {
        const { affectedRows } = await transaction.execute(
          `update report
           set closed_s = :now
           where report_id = :reportId and closed_s is null`,
          { reportId, now: NOW },
        );
        if (affectedRows === 0) return false;
        const decision = {
          ...verdict,
          action: 'close_report',
          userId,
          username,
          messageId,
        } as const;
        await recordDecision(transaction, decision);
        return true;
      }),
  };

  /** Lists reports with their context, newest first. */
  async function listReports(reportIds: number[]): Promise<Report[]> {
    if (reportIds.length === 0) return [];
    const rows = await database.select<ReportRow>(
      `select report.report_id as reportId, report.user_id as userId, report.message_id as messageId,
         report.reason, report.text, report.created_s as createdS, report.closed_s is null as isOpen,
         reporter.username as reporter, person.username, person.email,
         message.text as messageText, message.pub_date as pubDateS, message.is_hidden as isHidden,
         hidden_author.user_id is not null as isSuspended
       from report
       join user as reporter on reporter.user_id = report.reporter_id
       join user as person on person.user_id = report.user_id
       left join message on message.message_id = report.message_id
       left join hidden_author on hidden_author.user_id = report.user_id
       left join hidden_author as reporter_deletion
         on reporter_deletion.user_id = report.reporter_id and reporter_deletion.is_deleted = true
       left join hidden_author as person_deletion
         on person_deletion.user_id = report.user_id and person_deletion.is_deleted = true
       where report.report_id in (:reportIds) and reporter_deletion.user_id is null
         and person_deletion.user_id is null and :isPrimary
       order by report.report_id desc`,
      { reportIds },
    );
    return rows.map(toReport);
  }
}

interface ReportRow {
  reportId: number;
  userId: number;
  messageId: number;
  reason: ReportReason;
  text: string;
  createdS: number;
  isOpen: 0 | 1;
  reporter: string;
  username: string;
  email: string;
  isSuspended: 0 | 1;
  // Null without a message.
  messageText: string | null;
  pubDateS: number | null;
  isHidden: 0 | 1 | null;
}

function toReport(row: ReportRow): Report {
  const { reportId, userId, reason, text, createdS, reporter, username, email } = row;
  const { messageId, messageText, pubDateS } = row;
  return {
    reportId,
    userId,
    username,
    messageId: messageId || null,
    message:
      messageText === null || pubDateS === null
        ? null
        : {
            messageId,
            authorId: userId,
            username,
            email,
            text: messageText,
            pubDateS,
            isHidden: row.isHidden === 1,
            isSuspended: row.isSuspended === 1,
          },
    reason,
    text,
    createdS,
    reporter,
    isOpen: row.isOpen === 1,
    isSuspended: row.isSuspended === 1,
  };
}
