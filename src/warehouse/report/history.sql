-- The results of a run, with which the next run is compared.

create table if not exists run (
  run varchar(40) character set ascii collate ascii_bin not null,
  -- The time of the copy, in seconds since 1970.
  as_of_s int unsigned not null,
  -- Identifies the copy: rows and checksums of its tables, except `user`.
  fingerprint varchar(255) character set ascii collate ascii_bin not null,
  -- The same as stats.json.
  report longtext character set utf8mb4 not null,
  primary key (run)
) engine = InnoDB;

-- The number of followers of each user at that run.
create table if not exists followers_at (
  run varchar(40) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  followers int unsigned not null,
  primary key (run, user_id)
) engine = InnoDB;
