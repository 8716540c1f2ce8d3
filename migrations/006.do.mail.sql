-- The server sends mails, and accepts the links in them.

-- A forgotten password is reset by email address.
alter table user
  add key email (email),
  algorithm = inplace, lock = none;

-- The mails that the server has not delivered yet. Only src/repositories/mails.ts and outbox.ts write this table.
create table if not exists mail (
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
create table if not exists link (
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
create table if not exists reset_request (
  request_id bigint unsigned not null auto_increment,
  email varchar(254) not null,
  -- Seconds since 1970.
  created_s int unsigned not null,
  primary key (request_id)
) engine = InnoDB default character set utf8mb4;
