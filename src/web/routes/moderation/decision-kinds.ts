import type { RecordedDecision } from '../../../repositories/audit.ts';
import type { Verdict } from '../../../repositories/hidden-messages.ts';
import type { FoundMessage } from '../../../repositories/messages.ts';
import type { Report } from '../../../repositories/reports.ts';
import type { Repositories } from '../../../repositories/repositories.ts';
import type { User } from '../../../repositories/users.ts';
import { parseMessageId } from '../../forms/cursor.ts';
import { parseUsername } from '../../forms/username.ts';

/** The person, the message or the report that a moderator decides about. */
export interface Case {
  person: Pick<User, 'userId' | 'username'>;
  message: FoundMessage | null;
  report: Report | null;
}

/** A kind of decision: its page and its effect. */
export interface DecisionKind {
  heading: string;
  explanation: string;
  button: string;
  /** Whether the decision takes something from a user. The button is then red. */
  isDangerous: boolean;
  /** Whether the form asks for the duration of a suspension. */
  hasDuration: boolean;
  /** Finds the case of a path, in which `id` is its last segment. Returns null if there is none. */
  findCase: (id: string) => Promise<Case | null>;
  /**
   * Carries out the decision, and records it in the same transaction. `days` is the duration of a suspension. Returns
   * false, and changes nothing, if there is nothing to decide any more.
   */
  decide: (found: Case, verdict: Verdict, days: number | null) => Promise<boolean>;
}

/** The last segment but one of the path of a decision. */
export type DecisionName = 'hide' | 'restore' | 'suspend' | 'lift' | 'close';

type DecisionRepositories = Pick<
  Repositories,
  'users' | 'messages' | 'hiddenMessages' | 'hiddenAuthors' | 'reports'
>;

const DAY_S = 24 * 60 * 60;

/** Creates the kinds of decisions. */
export function createDecisionKinds(
  repositories: DecisionRepositories,
): Record<DecisionName, DecisionKind> {
  const { hiddenMessages, hiddenAuthors, reports } = repositories;
  const { findMessageCase, findPersonCase, findReportCase } = createCaseFinders(repositories);
  return {
    hide: {
      heading: 'Remove this message?',
      explanation:
        'Readers then see that a moderator has removed the message. You can restore it later.',
      button: 'Remove Message',
      isDangerous: true,
      hasDuration: false,
      findCase: findMessageCase,
      decide: async ({ message }, verdict) =>
        message !== null && hiddenMessages.hideMessage(message, verdict),
    },
    restore: {
      heading: 'Restore this message?',
      explanation: 'Readers then see its text again.',
      button: 'Restore Message',
      isDangerous: false,
      hasDuration: false,
      findCase: findMessageCase,
      decide: async ({ message }, verdict) =>
        message !== null && hiddenMessages.restoreMessage(message, verdict),
    },
    suspend: {
      heading: 'Suspend this user?',
      explanation:
        'The user is signed out everywhere and cannot sign in. No reader sees the user’s messages.',
      button: 'Suspend User',
      isDangerous: true,
      hasDuration: true,
      findCase: findPersonCase,
      decide: ({ person }, verdict, days) => {
        const untilS = days === null ? null : Math.floor(Date.now() / 1000) + days * DAY_S;
        return hiddenAuthors.suspend(person.userId, untilS, verdict);
      },
    },
    lift: {
      heading: 'Lift this suspension?',
      explanation: 'The user can sign in again, and readers see the user’s messages again.',
      button: 'Lift Suspension',
      isDangerous: false,
      hasDuration: false,
      findCase: findPersonCase,
      decide: ({ person }, verdict) => hiddenAuthors.liftSuspension(person.userId, verdict),
    },
    close: {
      heading: 'Close this report?',
      explanation: 'The report is then no longer in the list of open reports.',
      button: 'Close Report',
      isDangerous: false,
      hasDuration: false,
      findCase: findReportCase,
      decide: async ({ report }, verdict) =>
        report !== null && reports.closeReport(report, verdict),
    },
  };
}

type FindCase = DecisionKind['findCase'];

/** Creates the functions that find the case of a message id, a username or a report id. */
function createCaseFinders({
  users,
  messages,
  reports,
}: Pick<Repositories, 'users' | 'messages' | 'reports'>) {
  const findMessageCase: FindCase = async (id) => {
    const messageId = parseMessageId(id);
    const message = messageId === null ? null : await messages.findMessage(messageId);
    if (!message) return null;
    const { authorId: userId, username } = message;
    return { person: { userId, username }, message, report: null };
  };

  const findPersonCase: FindCase = async (id) => {
    const username = parseUsername(id);
    const person = username === null ? null : await users.findUser(username);
    return person && { person, message: null, report: null };
  };

  const findReportCase: FindCase = async (id) => {
    const reportId = parseMessageId(id);
    const report = reportId === null ? null : await reports.findReport(reportId);
    return report && { person: report, message: report.message, report };
  };

  return { findMessageCase, findPersonCase, findReportCase };
}

/** Returns the id of the newest decision, or 0 if there is none. `decisions` is sorted, newest first. */
export function newestDecisionId(decisions: RecordedDecision[]): number {
  return decisions[0]?.decisionId ?? 0;
}
