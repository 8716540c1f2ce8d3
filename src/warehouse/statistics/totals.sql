-- Key figures
-- The numbers of users, messages and follows, and of users who posted in the last 7 and 30 days.
with recent as (
  select
    user_id,
    max(day) > date_sub(date(from_unixtime(:asOfS)), interval 7 day) as is_weekly
  from active_day
  where day > date_sub(date(from_unixtime(:asOfS)), interval 30 day)
  group by user_id
)
select
  (select count(*) from person) as people,
  (select coalesce(sum(posts), 0) from person) as messages,
  (select count(*) from follower) as follows,
  (select coalesce(sum(is_weekly), 0) from recent) as active_week,
  (select count(*) from recent) as active_month;
