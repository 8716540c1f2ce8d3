-- Key figures
-- The numbers of users, messages and follows, and of the users who posted in the last 7 and 30 days.
with recent as (
  select user_id, min(date_diff('day', day, as_of_day)) as days_ago
  from active_day
  cross join moment
  where date_diff('day', day, as_of_day) < 30
  group by user_id
)
select
  (select count(*) from person) as people,
  (select coalesce(sum(posts), 0) from person) as messages,
  (select count(*) from follower) as follows,
  (select count(*) from recent where days_ago < 7) as active_week,
  (select count(*) from recent) as active_month;
