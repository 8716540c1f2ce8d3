-- Active users
-- Users who posted on a day, in the 7 days up to it, and in the 30 days up to it; and the daily and weekly users as a share of the monthly ones.
with recursive age as (
  select 0 as days union all select days + 1 from age where days < 29
),
activity as (
  select day, lead(day) over (partition by user_id order by day) as next_day
  from active_day
),
-- For each day and each number of days: the users whose latest active day it was for that long.
latest as (
  select day, least(coalesce(datediff(next_day, day), 30), 30) as days, count(*) as users
  from activity
  group by day, days
),
active as (
  select
    date_add(latest.day, interval age.days day) as day,
    sum(if(age.days = 0, latest.users, 0)) as daily,
    sum(if(age.days < 7, latest.users, 0)) as weekly,
    sum(latest.users) as monthly
  from latest
  join age on age.days < latest.days
  group by date_add(latest.day, interval age.days day)
)
select
  calendar.day,
  coalesce(active.daily, 0) as daily,
  coalesce(active.weekly, 0) as weekly,
  coalesce(active.monthly, 0) as monthly,
  round(active.daily / active.monthly, 3) as daily_share,
  round(active.weekly / active.monthly, 3) as weekly_share
from calendar
left join active on active.day = calendar.day
where calendar.period = 'day'
order by calendar.day;
