-- MiniTwit's tables. `npm run initdb` runs this file, statement by statement; it removes what was there.
-- It runs unchanged on MySQL 8.0 to 9.7 and on MariaDB 10.11.

drop table if exists rate_limit, session, profile, follower, message, user;

-- utf8mb4_bin: Roger and roger are two people, as they were in MiniTwit's SQLite.
create table user (
  user_id int unsigned not null auto_increment,
  username varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
  email varchar(254) not null,
  pw_hash varchar(72) character set ascii collate ascii_bin not null,
  primary key (user_id),
  unique key username (username)
) engine = InnoDB default character set utf8mb4;

-- InnoDB ends every secondary index with the primary key, so author_id alone also serves
-- `where author_id = … order by message_id desc`.
create table message (
  message_id bigint unsigned not null auto_increment,
  author_id int unsigned not null,
  -- 280 characters as people count them, of at most 1,000 code points; older messages may have up to 2,800
  text varchar(2800) not null,
  -- seconds since 1970, by the database's clock, which all instances share
  pub_date int unsigned not null,
  primary key (message_id),
  key author (author_id),
  constraint message_author foreign key (author_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- who follows whom
create table follower (
  who_id int unsigned not null,
  whom_id int unsigned not null,
  primary key (who_id, whom_id),
  key whom (whom_id),
  constraint follower_who foreign key (who_id) references user (user_id),
  constraint follower_whom foreign key (whom_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- What a person's page shows first, and what others' timelines take from it, so that neither has to read and
-- count. src/repositories/profiles.ts alone writes it, in the transactions that change what it is made of.
create table profile (
  user_id int unsigned not null,
  -- rows of follower that name them
  followers int unsigned not null default 0,
  following int unsigned not null default 0,
  -- their newest messages, a page of them and one more, newest first: 10,7,2
  newest_ids varchar(700) character set ascii collate ascii_bin not null default '',
  -- the first of these; 0 without any
  newest_id bigint unsigned not null default 0,
  primary key (user_id),
  constraint profile_user foreign key (user_id) references user (user_id) on delete cascade
) engine = InnoDB default character set utf8mb4;

-- for those who have none: who was there before this table
insert into profile (user_id, followers, following, newest_ids, newest_id)
with lacking as (
  select user.user_id
  from user
  left join profile on profile.user_id = user.user_id
  where profile.user_id is null
)
select
  lacking.user_id,
  (select count(*) from follower where whom_id = lacking.user_id),
  (select count(*) from follower where who_id = lacking.user_id),
  coalesce(newest.ids, ''),
  coalesce(newest.id, 0)
from lacking
left join (
  select
    author_id,
    group_concat(message_id order by message_id desc) as ids,
    max(message_id) as id
  from (
    -- in this order: mostly nobody is lacking, and no message is looked at
    select straight_join message.author_id, message.message_id,
      row_number() over (partition by message.author_id order by message.message_id desc) as place
    from lacking
    join message on message.author_id = lacking.user_id
  ) as numbered
  where place <= 31 -- NEWEST_IDS of src/repositories/profiles.ts
  group by author_id
) as newest on newest.author_id = lacking.user_id;

create table session (
  session_id char(32) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  expires_s int unsigned not null,
  primary key (session_id),
  key user (user_id),
  key expires (expires_s),
  constraint session_user foreign key (user_id) references user (user_id) on delete cascade
) engine = InnoDB default character set utf8mb4;

-- How many events a limit counts for a key, in a window that ends at `expire` (milliseconds since 1970, by the
-- instances' clocks). src/repositories/rate-limit-counters.ts alone writes it.
create table rate_limit (
  `key` varchar(255) character set ascii collate ascii_bin not null,
  points int not null,
  expire bigint unsigned,
  primary key (`key`),
  key expire (expire)
) engine = InnoDB default character set utf8mb4;
