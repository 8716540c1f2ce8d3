-- MiniTwit's tables. `npm run initdb` drops existing tables and creates them with this file, on MySQL 8.0 to 9.7 and on
-- MariaDB 10.11. The files in migrations/ change the tables of an existing database into the same ones.

drop table if exists rate_limit, session, profile, follower, message, user;

-- With utf8mb4_bin, Roger and roger are two users, as in the original MiniTwit on SQLite.
create table user (
  user_id int unsigned not null auto_increment,
  username varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
  email varchar(254) not null,
  pw_hash varchar(72) character set ascii collate ascii_bin not null,
  primary key (user_id),
  unique key username (username)
) engine = InnoDB default character set utf8mb4;

-- InnoDB appends the primary key to every secondary index, so the index of author_id also serves
-- `where author_id = … order by message_id desc`.
create table message (
  message_id bigint unsigned not null auto_increment,
  author_id int unsigned not null,
  -- The form allows 280 characters with at most 1,000 code points. Messages of older versions may have up to 2,800.
  text varchar(2800) not null,
  -- Seconds since 1970, by the clock of the database, which all instances share.
  pub_date int unsigned not null,
  primary key (message_id),
  key author (author_id),
  constraint message_author foreign key (author_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The user who_id follows the user whom_id.
create table follower (
  who_id int unsigned not null,
  whom_id int unsigned not null,
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
  -- The user's 31 newest message ids, newest first: 10,7,2.
  newest_ids varchar(700) character set ascii collate ascii_bin not null default '',
  -- The first of these ids, or 0.
  newest_id bigint unsigned not null default 0,
  primary key (user_id),
  constraint profile_owner foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- Creates the profiles of users from a version without this table.
insert into profile (user_id, followers, following, newest_ids, newest_id)
with missing as (
  select user.user_id
  from user
  left join profile on profile.user_id = user.user_id
  where profile.user_id is null
)
select
  missing.user_id,
  (select count(*) from follower where whom_id = missing.user_id),
  (select count(*) from follower where who_id = missing.user_id),
  coalesce(newest.ids, ''),
  coalesce(newest.id, 0)
from missing
left join (
  select
    author_id,
    group_concat(message_id order by message_id desc) as ids,
    max(message_id) as id
  from (
    -- The order of the join matters: usually no profile is missing, and then no message is read.
    select straight_join message.author_id, message.message_id,
      row_number() over (partition by message.author_id order by message.message_id desc) as place
    from missing
    join message on message.author_id = missing.user_id
  ) as numbered
  where place <= 31 -- PAGE_QUERY_LIMIT in src/repositories/page.ts
  group by author_id
) as newest on newest.author_id = missing.user_id;

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
