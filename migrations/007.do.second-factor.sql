-- Users log in with a code after the password, or with a passkey.

-- The secret from which a user's app computes codes.
create table if not exists totp (
  user_id int unsigned not null,
  secret varchar(255) character set ascii collate ascii_bin not null,
  -- The time step of the last accepted code: a code is accepted once.
  last_step bigint unsigned not null default 0,
  primary key (user_id),
  constraint totp_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

-- The unused recovery codes.
create table if not exists recovery_code (
  user_id int unsigned not null,
  code_hash char(43) character set ascii collate ascii_bin not null,
  primary key (user_id, code_hash),
  constraint recovery_code_user foreign key (user_id) references user (user_id)
) engine = InnoDB default character set utf8mb4;

create table if not exists passkey (
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
