-- Messages
-- Messages, their authors, and messages for each author.
select
  calendar.period,
  calendar.starts_on,
  count(distinct active_day.user_id) as active_users,
  coalesce(sum(active_day.posts), 0) as posts,
  round(sum(active_day.posts) / count(distinct active_day.user_id), 2) as posts_per_active_user
from calendar
left join active_day on active_day.day = calendar.day
group by calendar.period, calendar.starts_on
order by calendar.period, calendar.starts_on;
