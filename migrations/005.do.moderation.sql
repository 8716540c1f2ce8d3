-- Users block, mute and report others, and moderators decide on the reports.

-- Servers of the previous release register users without these.
alter table user
  add column is_moderator boolean not null default false,
  -- The user has muted or blocked another user, or was blocked, at some time.
  add column has_unseen_authors boolean not null default false,
  algorithm = instant;

-- A moderator has hidden the message. Pages show that it was removed.
alter table message
  add column is_hidden boolean not null default false,
  algorithm = instant;

-- With `is_hidden`, pages still read this index alone.
alter table message
  drop index author,
  add index author (author_id, message_id, is_hidden),
  algorithm = inplace, lock = none;

-- The home timeline of who_id leaves out a muted user. The table `mute` has the same fact without a follow.
alter table follower
  add column is_muted boolean not null default false,
  algorithm = instant;

-- The user who_id has blocked the user whom_id: neither follows, mentions or sees the other.
create table if not exists block (
  who_id int unsigned not null,
  whom_id int unsigned not null,
  primary key (who_id, whom_id),
  key whom (whom_id),
  constraint block_who foreign key (who_id) references user (user_id),
  constraint block_whom foreign key (whom_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The user who_id does not see the messages of the user whom_id.
create table if not exists mute (
  who_id int unsigned not null,
  whom_id int unsigned not null,
  primary key (who_id, whom_id),
  key whom (whom_id),
  constraint mute_who foreign key (who_id) references user (user_id),
  constraint mute_whom foreign key (whom_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- A user's report of a message or of a person.
create table if not exists report (
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
create table if not exists audit (
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
