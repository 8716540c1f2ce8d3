-- The time of a registration, which the warehouse counts and a user's export shows.

-- Servers of the previous release register users without it, and it is unknown for users of earlier versions.
alter table user
  -- Seconds since 1970, by the clock of the database. Null if unknown.
  add column registered_at int unsigned,
  algorithm = instant;
