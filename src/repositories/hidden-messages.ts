import type { Database } from '../database/database.ts';
import { type Decision, recordDecision } from './audit.ts';
import type { Message } from './messages.ts';
import { rebuildNewestIds } from './profile-updates.ts';

/** The moderator who makes a decision, and the reason for it. */
export type Verdict = Pick<Decision, 'actor' | 'reason'>;

/** A message that a moderator decides about. */
export type JudgedMessage = Pick<Message, 'messageId' | 'authorId' | 'username'>;

/** Writes the column `message.is_hidden`. Pages show a hidden message as removed. */
export interface HiddenMessages {
  /** Hides a message. Returns false, and changes nothing, if it is hidden or no longer exists. */
  hideMessage(message: JudgedMessage, verdict: Verdict): Promise<boolean>;
  /** Shows a hidden message again. Returns false, and changes nothing, if it is not hidden. */
  restoreMessage(message: JudgedMessage, verdict: Verdict): Promise<boolean>;
}

/** Creates the hidden messages of a database. */
export function createHiddenMessages(database: Database): HiddenMessages {
  function setHidden(
    isHidden: boolean,
    { messageId, authorId, username }: JudgedMessage,
    verdict: Verdict,
  ): Promise<boolean> {
    return database.transact(async (transaction) => {
      const { affectedRows } = await transaction.execute(
        `update message
         set is_hidden = :isHidden
         where message_id = :messageId and is_hidden <> :isHidden`,
        { messageId, isHidden: Number(isHidden) },
      );
      if (affectedRows === 0) return false;
      await rebuildNewestIds(transaction, authorId);
      const action = isHidden ? 'hide_message' : 'restore_message';
      const decision = { ...verdict, action, userId: authorId, username, messageId } as const;
      await recordDecision(transaction, decision);
      return true;
    });
  }

  return {
    hideMessage: (message, verdict) => setHidden(true, message, verdict),
    restoreMessage: (message, verdict) => setHidden(false, message, verdict),
  };
}
