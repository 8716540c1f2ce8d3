import type { Database } from '../database/database.ts';
import { type AccountDeletion, createAccountDeletion } from './account-deletion.ts';
import { type Audit, createAudit } from './audit.ts';
import { type Blocks, createBlocks } from './blocks.ts';
import { createEmailChanges, type EmailChanges } from './email-changes.ts';
import { createFollowers, type Followers } from './followers.ts';
import { createHiddenAuthors, type HiddenAuthors } from './hidden-authors.ts';
import { createHiddenMessages, type HiddenMessages } from './hidden-messages.ts';
import { createLinks, type Links } from './links.ts';
import { createMails, type Mails } from './mails.ts';
import { createMessages, type Messages } from './messages.ts';
import { createMutes, type Mutes } from './mutes.ts';
import { createPersonalData, type PersonalData } from './personal-data.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createPasswordResets, type PasswordResets } from './password-resets.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';
import { createProfiles, type Profiles } from './profiles.ts';
import { createRecoveryCodeRepository, type RecoveryCodes } from './recovery-codes.ts';
import { createRenames, type Renames } from './renames.ts';
import { createReports, type Reports } from './reports.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createTakenNames, type TakenNames } from './taken-names.ts';
import { createTimelines, type Timelines } from './timelines.ts';
import { createTotp, type Totp } from './totp.ts';
import { createUnseenAuthors, type UnseenAuthors } from './unseen-authors.ts';
import { createUserList, type UserList } from './user-list.ts';
import { createUsers, type Users } from './users.ts';

/** The repositories of the web application. Each one has the SQL of one table, and `timelines` has that of pages. */
export interface Repositories {
  users: Users;
  userList: UserList;
  messages: Messages;
  followers: Followers;
  blocks: Blocks;
  mutes: Mutes;
  unseenAuthors: UnseenAuthors;
  hiddenMessages: HiddenMessages;
  reports: Reports;
  audit: Audit;
  profiles: Profiles;
  sessions: Sessions;
  hiddenAuthors: HiddenAuthors;
  accountDeletion: AccountDeletion;
  takenNames: TakenNames;
  renames: Renames;
  personalData: PersonalData;
  timelines: Timelines;
  totp: Totp;
  recoveryCodes: RecoveryCodes;
  passkeys: Passkeys;
  mails: Mails;
  outbox: Outbox;
  links: Links;
  passwordResets: PasswordResets;
  emailChanges: EmailChanges;
  /** Returns whether the database responds and has the migration of this number, which the code needs. */
  isReady(schemaVersion: number): Promise<boolean>;
}

/** Creates the repositories of a database. */
export function createRepositories(database: Database): Repositories {
  return {
    users: createUsers(database),
    userList: createUserList(database),
    messages: createMessages(database),
    followers: createFollowers(database),
    blocks: createBlocks(database),
    mutes: createMutes(database),
    unseenAuthors: createUnseenAuthors(database),
    hiddenMessages: createHiddenMessages(database),
    reports: createReports(database),
    audit: createAudit(database),
    profiles: createProfiles(database),
    sessions: createSessions(database),
    hiddenAuthors: createHiddenAuthors(database),
    accountDeletion: createAccountDeletion(database),
    takenNames: createTakenNames(database),
    renames: createRenames(database),
    personalData: createPersonalData(database),
    timelines: createTimelines(database),
    totp: createTotp(database),
    recoveryCodes: createRecoveryCodeRepository(database),
    passkeys: createPasskeys(database),
    mails: createMails(database),
    outbox: createOutbox(database),
    links: createLinks(database),
    passwordResets: createPasswordResets(database),
    emailChanges: createEmailChanges(database),
    isReady: (schemaVersion) =>
      database.writer
        .select<{ version: number }>(
          'select coalesce(max(version), 0) as version from schema_version where :isPrimary',
        )
        .then(
          ([row]) => row !== undefined && row.version >= schemaVersion,
          () => false,
        ),
  };
}
