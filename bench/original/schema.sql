-- The tables of Flask's MiniTwit: no index besides the primary keys, and no key on `follower`. SQLite's `string`
-- has a length here. The application's other tables are copied from its own database.

create table user (
  user_id integer primary key auto_increment,
  username varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
  email varchar(254) not null,
  pw_hash varchar(72) not null,
  -- The application reads these columns for a session.
  is_moderator boolean not null default false,
  has_unseen_authors boolean not null default false
);

create table follower (
  who_id integer,
  whom_id integer
);

create table message (
  message_id integer primary key auto_increment,
  author_id integer not null,
  text text not null,
  pub_date integer
);
