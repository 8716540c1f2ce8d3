import { hash, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { NOW, type Statements } from '../database/statements.ts';

/** `reset` sets a new password. `email` confirms an email address. */
export type LinkPurpose = 'reset' | 'email';

/** A link that `createLink` stores. */
export interface NewLink {
  userId: number;
  purpose: LinkPurpose;
  /** The address that the link confirms. Empty for another purpose. */
  email: string;
}

/** A link that can be used, with its user as the database has it now. */
export interface Link {
  userId: number;
  username: string;
  /** The address that the link confirms. Empty for another purpose. */
  email: string;
  /** The user's current address. */
  currentEmail: string;
}

/** Reads the table `link`. Its rows are written in the transactions of other files. */
export interface Links {
  /** Returns null if the token is unknown, is for another purpose, has expired or was used. */
  findLink(token: string, purpose: LinkPurpose): Promise<Link | null>;
  /** Deletes up to `limit` links that have expired. Returns their number. */
  deleteExpiredLinks(limit: number): Promise<number>;
}

/** How long a link can be used, in seconds. */
export const LINK_LIFETIME_S = 60 * 60;

const LINKS_PER_USER = 5;
const TOKEN_BYTES = 32;

/** Returns the path of a link. The middleware of the request log removes the token from these paths. */
export function linkPath(purpose: LinkPurpose, token: string): string {
  return `/${purpose === 'reset' ? 'reset_password' : 'confirm_email'}/${token}`;
}

/**
 * Stores a link, and returns its token, which is stored nowhere. If the user has more than 5 links then, those that
 * expire first are deleted. The transaction must have locked the user.
 */
export async function createLink(
  transaction: Statements,
  { userId, purpose, email }: NewLink,
): Promise<string> {
  const old = await transaction.select<{ tokenHash: string }>(
    `select token_hash as tokenHash
     from link
     where user_id = :userId
     order by expires_s desc, token_hash
     limit :limit offset :retained
     for update`,
    { userId, limit: LINKS_PER_USER, retained: LINKS_PER_USER - 1 },
  );
  for (const { tokenHash } of old) await deleteLink(transaction, tokenHash);
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await transaction.execute(
    `insert into link (token_hash, user_id, purpose, email, expires_s)
     values (:tokenHash, :userId, :purpose, :email, :now + :lifetimeS)`,
    {
      tokenHash: hashToken(token),
      userId,
      purpose,
      email,
      now: NOW,
      lifetimeS: LINK_LIFETIME_S,
    },
  );
  return token;
}

/**
 * Deletes a link in the transaction that does what it is for, and locks its user. Returns null, and deletes nothing,
 * if the link cannot be used. Of concurrent transactions with the same link, one gets it.
 */
export async function consumeLink(
  transaction: Statements,
  token: string,
  purpose: LinkPurpose,
): Promise<Link | null> {
  const link = await selectLink(transaction, token, purpose);
  if (!link) return null;
  const [user] = await transaction.select<{ username: string; currentEmail: string }>(
    `select username, email as currentEmail
     from user
     where user_id = :userId
     for update`,
    { userId: link.userId },
  );
  const isDeleted = await deleteLink(transaction, hashToken(token));
  return user && isDeleted ? { ...link, ...user } : null;
}

/**
 * Deletes the links of a user for these purposes, and the unsent mails that would get one. A change of the password or
 * of the email address revokes all of them. The transaction must have locked the user.
 */
export async function revokeLinks(
  transaction: Statements,
  userId: number,
  purposes: LinkPurpose[] = ['reset', 'email'],
): Promise<void> {
  await transaction.execute(
    `delete from link
     where user_id = :userId and purpose in (:purposes)`,
    { userId, purposes },
  );
  await transaction.execute(
    `delete from mail
     where user_id = :userId and purpose in (:purposes)`,
    { userId, purposes },
  );
}

/** Creates the links of a database. */
export function createLinks(database: Database): Links {
  return {
    findLink: (token, purpose) => selectLink(database, token, purpose),

    async deleteExpiredLinks(limit) {
      const { affectedRows } = await database.execute(
        `delete from link
         where expires_s <= :now
         limit :limit`,
        { now: NOW, limit },
      );
      return affectedRows;
    },
  };
}

async function selectLink(
  statements: Statements,
  token: string,
  purpose: LinkPurpose,
): Promise<Link | null> {
  const [link] = await statements.select<Link>(
    `select link.user_id as userId, user.username, link.email, user.email as currentEmail
     from link
     join user on user.user_id = link.user_id
     where link.token_hash = :tokenHash and link.purpose = :purpose and link.expires_s > :now
       and :isPrimary`,
    { tokenHash: hashToken(token), purpose, now: NOW },
  );
  return link ?? null;
}

/** Returns whether the link existed. */
async function deleteLink(transaction: Statements, tokenHash: string): Promise<boolean> {
  const { affectedRows } = await transaction.execute(
    `delete from link
     where token_hash = :tokenHash`,
    { tokenHash },
  );
  return affectedRows > 0;
}

function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
