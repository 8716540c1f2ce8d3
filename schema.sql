-- MiniTwit's tables. `npm run initdb` drops existing tables and creates them with this file, on MySQL 8.0 to 9.7 and on
-- MariaDB 10.11. The files in migrations/ change the tables of an existing database into the same ones.

drop table if exists passkey, recovery_code, totp, reset_request, link, mail, audit, report, mute, block,
  rename_count, taken_name, hidden_author, rate_limit, session, profile, follower, message, user;

-- With utf8mb4_bin, Roger and roger are two users, as in the original MiniTwit on SQLite.
create table user (
  user_id int unsigned not null auto_increment,
  username varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
  email varchar(254) not null,
  pw_hash varchar(72) character set ascii collate ascii_bin not null,
  is_moderator boolean not null default false,
  -- The user has muted or blocked another user, or was blocked, at some time.
  has_unseen_authors boolean not null default false,
  -- The registration, in seconds since 1970, by the clock of the database. Null for users who registered before 1.11.0.
  registered_at int unsigned,
  primary key (user_id),
  unique key username (username),
  key email (email)
) engine = InnoDB default character set utf8mb4;

create table message (
  message_id bigint unsigned not null auto_increment,
  author_id int unsigned not null,
  -- The form allows 280 characters with at most 1,000 code points. Messages of older versions may have up to 2,800.
  text varchar(2800) not null,
  -- Seconds since 1970, by the clock of the database, which all instances share.
  pub_date int unsigned not null,
  -- A moderator has hidden the message. Pages show that it was removed.
  is_hidden boolean not null default false,
  primary key (message_id),
  -- Pages with the messages of one or several authors read this index alone.
  key author (author_id, message_id, is_hidden),
  constraint message_author foreign key (author_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The user who_id follows the user whom_id.
create table follower (
  who_id int unsigned not null,
  whom_id int unsigned not null,
  -- The home timeline of who_id leaves out a muted user. The table `mute` has the same fact without a follow.
  is_muted boolean not null default false,
  primary key (who_id, whom_id),
  key whom (whom_id),
  constraint follower_who foreign key (who_id) references user (user_id),
  constraint follower_whom foreign key (whom_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- A denormalized row for each user: the counts of follows and the newest messages. A user's page and home timelines
-- would take too long to compute them from `follower` and `message`. Only src/repositories/profile-updates.ts writes
-- this table, in the transactions that change `follower` and `message`.
create table profile (
  user_id int unsigned not null,
  -- The number of users that follow this user, and the number of users that this user follows.
  followers int unsigned not null default 0,
  following int unsigned not null default 0,
  -- The user's 31 newest message ids, newest first: 10,-7,2. A moderator has hidden the message 7.
  newest_ids varchar(700) character set ascii collate ascii_bin not null default '',
  -- The first of these ids, or 0.
  newest_id bigint unsigned not null default 0,
  -- Whether `hidden_author` has the user. Then there are no newest ids. A post locks this row, and needs no other query.
  is_hidden boolean not null default false,
  primary key (user_id),
  constraint profile_owner foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

create table session (
  session_id char(32) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  -- 30 days after the last use. A session of 180 days has ended, although it may expire later.
  expires_s int unsigned not null,
  -- The browser and the operating system, such as Firefox on Windows. Empty if unknown.
  browser varchar(64) character set ascii collate ascii_bin not null default '',
  primary key (session_id),
  key user (user_id),
  key expires (expires_s),
  constraint session_owner foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The number of events of a key in a window that ends at `expire` (milliseconds since 1970, by the clocks of the
-- instances). Only src/repositories/rate-limit-counters.ts writes this table.
create table rate_limit (
  `key` varchar(255) character set ascii collate ascii_bin not null,
  points int not null,
  expire bigint unsigned,
  primary key (`key`),
  key expire (expire)
) engine = InnoDB default character set utf8mb4;

-- The users whose messages no page shows: they are suspended, or their accounts are being deleted.
create table hidden_author (
  user_id int unsigned not null,
  -- The end of the suspension, in seconds since 1970. Null if it has no end, and for an account that is being deleted.
  until_s int unsigned,
  is_deleted boolean not null default false,
  primary key (user_id),
  key until (until_s),
  key deleted (is_deleted),
  constraint hidden_author_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- Usernames that cannot be registered. A name that resembles one of them has the same skeleton.
create table taken_name (
  -- The username, in which each character is replaced by the simplest one that it resembles.
  skeleton varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
  -- Null after the user was deleted or renamed.
  user_id int unsigned,
  -- When the name can be registered again, in seconds since 1970. Null while it belongs to a user.
  free_s int unsigned,
  primary key (skeleton),
  unique key user (user_id),
  key free (free_s),
  constraint taken_name_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- A number that each rename increases, in one row. Each instance caches messages with the names of their authors, and reads this
-- number to know whether those names are still the same.
create table rename_count (
  id tinyint unsigned not null,
  total int unsigned not null,
  primary key (id)
) engine = InnoDB default character set utf8mb4;

insert ignore into rename_count (id, total) values (1, 0);

-- The user who_id has blocked the user whom_id: neither follows, mentions or sees the other.
create table block (
  who_id int unsigned not null,
  whom_id int unsigned not null,
  primary key (who_id, whom_id),
  key whom (whom_id),
  constraint block_who foreign key (who_id) references user (user_id),
  constraint block_whom foreign key (whom_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The user who_id does not see the messages of the user whom_id.
create table mute (
  who_id int unsigned not null,
  whom_id int unsigned not null,
  primary key (who_id, whom_id),
  key whom (whom_id),
  constraint mute_who foreign key (who_id) references user (user_id),
  constraint mute_whom foreign key (whom_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- A user's report of a message or of a person.
create table report (
  report_id int unsigned not null auto_increment,
  reporter_id int unsigned not null,
  -- The reported person, or the author of the reported message.
  user_id int unsigned not null,
  -- 0 if the person was reported. The author may have deleted the message since.
  message_id bigint unsigned not null default 0,
  reason varchar(16) character set ascii collate ascii_bin not null,
  text varchar(1000) not null,
  -- Seconds since 1970.
  created_s int unsigned not null,
  -- Null while the report is open.
  closed_s int unsigned,
  primary key (report_id),
  unique key thing (reporter_id, user_id, message_id),
  key open (closed_s, report_id),
  key user (user_id),
  constraint report_reporter foreign key (reporter_id) references user (user_id),
  constraint report_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The decisions of moderators and operators. They outlive the accounts, so names are copied and nothing is referenced.
create table audit (
  audit_id int unsigned not null auto_increment,
  -- Seconds since 1970.
  created_s int unsigned not null,
  -- The moderator's username. Empty for the operator.
  actor varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
  action varchar(24) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  username varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
  -- 0 if the decision is about the person.
  message_id bigint unsigned not null default 0,
  reason varchar(1000) not null,
  primary key (audit_id),
  key user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The mails that the server has not delivered yet. Only src/repositories/mails.ts and outbox.ts write this table.
create table mail (
  mail_id bigint unsigned not null auto_increment,
  recipient varchar(254) not null,
  subject varchar(200) not null,
  text varchar(4000) not null,
  -- The user and the purpose of the link that the mail gets when it is sent. Null and empty without a link. A mail
  -- outlives its user, so nothing is referenced.
  user_id int unsigned,
  purpose varchar(16) character set ascii collate ascii_bin not null default '',
  -- Seconds since 1970.
  created_s int unsigned not null,
  -- The time of the next attempt.
  due_s int unsigned not null,
  attempts tinyint unsigned not null default 0,
  primary key (mail_id),
  key due (due_s),
  key user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The links that were sent to users. Each can be used once.
create table link (
  -- SHA-256 of the token in the link, so a reader of the database cannot use it.
  token_hash char(43) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  purpose varchar(16) character set ascii collate ascii_bin not null,
  -- The address that the link confirms. Empty for another purpose.
  email varchar(254) not null default '',
  expires_s int unsigned not null,
  primary key (token_hash),
  key user (user_id),
  key expires (expires_s),
  constraint link_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The email addresses of people who forgot their passwords. The server searches for the accounts after its response.
create table reset_request (
  request_id bigint unsigned not null auto_increment,
  email varchar(254) not null,
  -- Seconds since 1970.
  created_s int unsigned not null,
  primary key (request_id)
) engine = InnoDB default character set utf8mb4;

-- The secret from which a user's app computes codes.
create table totp (
  user_id int unsigned not null,
  secret varchar(255) character set ascii collate ascii_bin not null,
  -- The time step of the last accepted code: a code is accepted once.
  last_step bigint unsigned not null default 0,
  primary key (user_id),
  constraint totp_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The unused recovery codes.
create table recovery_code (
  user_id int unsigned not null,
  code_hash char(43) character set ascii collate ascii_bin not null,
  primary key (user_id, code_hash),
  constraint recovery_code_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

create table passkey (
  -- Up to 1,023 bytes in Base64.
  credential_id varchar(1364) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  -- In the format COSE.
  public_key varbinary(1024) not null,
  -- The number of its uses, as its authenticator counts them. 0 if the authenticator does not count.
  counter int unsigned not null,
  -- The time when the challenge of the last login was issued, in milliseconds since 1970: a challenge is accepted once.
  challenge_ms bigint unsigned not null default 0,
  -- The user's name for it.
  name varchar(64) not null,
  -- How browsers reach the authenticator, separated by commas.
  transports varchar(100) character set ascii collate ascii_bin not null default '',
  -- Seconds since 1970.
  created_s int unsigned not null,
  used_s int unsigned not null,
  primary key (credential_id),
  key user (user_id),
  constraint passkey_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- Creates the profiles of users from a version without the table `profile`.
insert into profile (user_id, followers, following, newest_ids, newest_id, is_hidden)
with missing as (
  select user.user_id, hidden_author.user_id is not null as is_hidden
  from user
  left join profile on profile.user_id = user.user_id
  left join hidden_author on hidden_author.user_id = user.user_id
  where profile.user_id is null
)
select
  missing.user_id,
  (select count(*) from follower where whom_id = missing.user_id),
  (select count(*) from follower where who_id = missing.user_id),
  coalesce(newest.ids, ''),
  coalesce(newest.id, 0),
  missing.is_hidden
from missing
left join (
  select
    author_id,
    group_concat(if(is_hidden, '-', ''), message_id order by message_id desc) as ids,
    max(message_id) as id
  from (
    -- The order of the join matters: usually no profile is missing, and then no message is read.
    select straight_join message.author_id, message.message_id, message.is_hidden,
      row_number() over (partition by message.author_id order by message.message_id desc) as place
    from missing
    join message on message.author_id = missing.user_id
    where not missing.is_hidden
  ) as numbered
  where place <= 31 -- PAGE_QUERY_LIMIT in src/repositories/page.ts
  group by author_id
) as newest on newest.author_id = missing.user_id;
