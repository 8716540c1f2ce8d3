import type { Database } from '../database/database.ts';
import { createFollowers, type Followers } from './followers.ts';
import { createMessages, type Messages } from './messages.ts';
import { createProfiles, type Profiles } from './profiles.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createTimelines, type Timelines } from './timelines.ts';
import { createUsers, type Users } from './users.ts';

/** The repositories of the web application. Each one has the SQL of one table, and `timelines` has that of pages. */
export interface Repositories {
  users: Users;
  messages: Messages;
  followers: Followers;
  profiles: Profiles;
  sessions: Sessions;
  timelines: Timelines;
  /** Returns whether the database responds and has MiniTwit's tables. */
  isReady(): Promise<boolean>;
}

/** Creates the repositories of a database. */
export function createRepositories(database: Database): Repositories {
  return {
    users: createUsers(database),
    messages: createMessages(database),
    followers: createFollowers(database),
    profiles: createProfiles(database),
    sessions: createSessions(database),
    timelines: createTimelines(database),
    isReady: () =>
      database
        .select('select 1 from user join profile using (user_id) where :isPrimary limit 1')
        .then(
          () => true,
          () => false,
        ),
  };
}
