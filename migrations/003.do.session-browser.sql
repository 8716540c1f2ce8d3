-- Sessions have the browser that uses them. Servers of the previous release store sessions without it.
alter table session
  add column browser varchar(64) character set ascii collate ascii_bin not null default '',
  algorithm = instant;
