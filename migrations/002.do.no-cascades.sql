-- The deletion of a user no longer deletes rows of other tables. The application deletes them first.

-- Otherwise, the server copies a table when it adds a foreign key, and refuses writes meanwhile.
set session foreign_key_checks = 0;

-- MySQL refuses a constraint of the same name in the same statement.
alter table session
  drop foreign key session_user,
  add constraint session_owner foreign key (user_id) references user (user_id),
  algorithm = inplace, lock = none;

alter table profile
  drop foreign key profile_user,
  add constraint profile_owner foreign key (user_id) references user (user_id),
  algorithm = inplace, lock = none;
