-- What a run leaves for the next one, in tables of the warehouse's own.

create table if not exists run (
  run varchar(40) character set ascii collate ascii_bin not null,
  -- when its copy was made, in seconds since 1970
  as_of_s int unsigned not null,
  -- what tells its copy from others: rows and checksums of its tables, but for `user`
  fingerprint varchar(255) character set ascii collate ascii_bin not null,
  -- as in stats.json
  report longtext character set utf8mb4 not null,
  primary key (run)
) engine = InnoDB;

-- how many followed each, as of that run
create table if not exists followers_at (
  run varchar(40) character set ascii collate ascii_bin not null,
  user_id int unsigned not null,
  followers int unsigned not null,
  primary key (run, user_id)
) engine = InnoDB;
