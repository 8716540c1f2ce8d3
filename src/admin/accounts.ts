import { formatTime } from '../cli/times.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { LINK_LIFETIME_S, linkPath } from '../repositories/links.ts';
import { normalizeUsername, validateUsername } from '../web/forms/username.ts';
import type { AdminContext } from './context.ts';
import { escapeText } from './escape-text.ts';
import { requireUser } from './require-user.ts';

const DAY_S = 24 * 60 * 60;

/** Lets a user moderate, or no longer. */
export async function setModerator(
  { repositories: { users }, print }: AdminContext,
  name: string,
  { isModerator, reason }: { isModerator: boolean; reason: string },
): Promise<void> {
  const user = await requireUser(users, name);
  const isChanged = await users.setModerator(user, isModerator, reason);
  const state = isModerator ? 'a moderator' : 'no moderator';
  print(`${escapeText(user.username)} is ${state}${isChanged ? ' now' : ' already'}.`);
}

/** Suspends a user for some days, or without an end if they are null. */
export async function suspend(
  { repositories: { users, hiddenAuthors }, print }: AdminContext,
  name: string,
  { days, reason }: { days: number | null; reason: string },
): Promise<void> {
  const { userId, username } = await requireUser(users, name);
  const untilS = days === null ? null : Math.floor(Date.now() / 1000) + days * DAY_S;
  await assertChanged(hiddenAuthors.suspend(userId, untilS, { actor: null, reason }), username);
  const end =
    untilS === null ? 'until `unsuspend`' : `until ${formatTime(new Date(untilS * 1000))}`;
  print(`${escapeText(username)} is suspended ${end}.`);
}

/** Ends a suspension. */
export async function unsuspend(
  { repositories: { users, hiddenAuthors }, print }: AdminContext,
  name: string,
  { reason }: { reason: string },
): Promise<void> {
  const { userId, username } = await requireUser(users, name);
  const isLifted = await hiddenAuthors.liftSuspension(userId, { actor: null, reason });
  if (!isLifted) throw new OperatorError(`${escapeText(username)} is not suspended.`);
  print(`${escapeText(username)} is no longer suspended.`);
}

/** Gives a user another name. */
export async function rename(
  { repositories: { users, renames }, print }: AdminContext,
  name: string,
  newName: string,
): Promise<void> {
  const { userId, username } = await requireUser(users, name);
  const normalized = normalizeUsername(newName);
  const problem = validateUsername(normalized);
  if (problem !== null) throw new OperatorError(problem);
  await renames.rename(userId, normalized, { actor: null });
  print(`${escapeText(username)} is called ${escapeText(normalized)} now, on all pages.`);
}

/** Starts the deletion of a user's account, after the operator has typed the name. */
export async function deleteAccount(
  { repositories: { users, accountDeletion }, print, prompt }: AdminContext,
  name: string,
  { isConfirmed, reason }: { isConfirmed: boolean; reason: string },
): Promise<void> {
  const { userId, username } = await requireUser(users, name);
  if (!isConfirmed) {
    const answer = await prompt(
      `This deletes the account and all messages of ${escapeText(username)} permanently. Type the name to confirm: `,
    );
    if (normalizeUsername(answer.trim()) !== username) {
      throw new OperatorError('The answer is not the name. Nothing was deleted.');
    }
  }
  await assertChanged(accountDeletion.startDeletion(userId, { actor: null, reason }), username);
  print(
    `${escapeText(username)} is deleted, and on no page any more. The servers delete the rows within minutes.`,
  );
}

/** Prints a link with which a user sets a new password. */
export async function resetPassword(
  { repositories: { users, passwordResets }, siteUrl, print }: AdminContext,
  name: string,
  { reason }: { reason: string },
): Promise<void> {
  const { userId, username } = await requireUser(users, name);
  const token = await passwordResets.createResetLink(userId, { actor: null, reason });
  if (token === null) throw new OperatorError(formatGone(username));
  const minutes = LINK_LIFETIME_S / 60;
  print(
    `With this link, ${escapeText(username)} sets a new password within ${minutes} minutes. It can be used once. Pass it on only to the user, over a channel that you trust:`,
  );
  print(`${siteUrl ?? ''}${linkPath('reset', token)}`);
  if (siteUrl === null) print('SITE_URL is not set. Put the address of the site before it.');
}

/** Turns off the second factor of a user who has lost it. */
export async function removeSecondFactor(
  { repositories: { users, totp }, print }: AdminContext,
  name: string,
  { reason }: { reason: string },
): Promise<void> {
  const { userId, username } = await requireUser(users, name);
  const isRemoved = await totp.removeSecondFactor(userId, { actor: null, reason });
  if (!isRemoved) throw new OperatorError(`${escapeText(username)} has no second factor.`);
  print(`${escapeText(username)} signs in with the password alone now.`);
}

async function assertChanged(isChanged: Promise<boolean>, username: string): Promise<void> {
  if (!(await isChanged)) throw new OperatorError(formatGone(username));
}

function formatGone(username: string): string {
  return `${escapeText(username)} was deleted in the meantime. Nothing was changed.`;
}
