import type { Database } from '../database/database.ts';
import { createFollowers, type Followers } from './followers.ts';
import { createMessages, type Messages } from './messages.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createUsers, type Users } from './users.ts';

/** All that the web application asks of its database, a table each. */
export interface Repositories {
  users: Users;
  messages: Messages;
  followers: Followers;
  sessions: Sessions;
  /** Whether the database answers, and has MiniTwit's tables. */
  isReady(): Promise<boolean>;
}

/** The repositories on this database. */
export function createRepositories(database: Database): Repositories {
  return {
    users: createUsers(database),
    messages: createMessages(database),
    followers: createFollowers(database),
    sessions: createSessions(database),
    isReady: () =>
      database.select('select 1 from user limit 1').then(
        () => true,
        () => false,
      ),
  };
}
