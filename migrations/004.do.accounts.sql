-- Accounts can be suspended, renamed and deleted.

-- The users whose messages no page shows: they are suspended, or their accounts are being deleted.
create table if not exists hidden_author (
  user_id int unsigned not null,
  -- The end of the suspension, in seconds since 1970. Null if it has no end, and for an account that is being deleted.
  until_s int unsigned,
  is_deleted boolean not null default false,
  primary key (user_id),
  key until (until_s),
  key deleted (is_deleted),
  constraint hidden_author_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- Whether `hidden_author` has the user.
alter table profile
  add column is_hidden boolean not null default false,
  algorithm = instant;

-- Usernames that cannot be registered. A name that resembles one of them has the same skeleton.
create table if not exists taken_name (
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

-- The number of renames, in one row. Each instance caches messages with the names of their authors, and reads this
-- number to know whether those names are still the same.
create table if not exists rename_count (
  id tinyint unsigned not null,
  total int unsigned not null,
  primary key (id)
) engine = InnoDB default character set utf8mb4;

insert ignore into rename_count (id, total) values (1, 0);
