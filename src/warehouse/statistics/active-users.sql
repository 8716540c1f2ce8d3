-- Active users
-- How many people posted on a day, in the 7 days up to it and in the 30 days up to it. People who only read are not counted, because MiniTwit does not record visits.
with age as (
  select tens.n * 10 + ones.n as days
  from (values (0), (1), (2)) as tens (n)
  cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ones (n)
),
-- For each day and each number of days: the users whose latest active day it was for that long.
latest as (
  select day, least(coalesce(date_diff('day', day, next_day), 30), 30) as days, count(*) as users
  from active_day
  group by 1, 2
),
active as (
  select
    cast(latest.day + interval '1' day * age.days as date) as day,
    sum(case when age.days = 0 then latest.users else 0 end) as daily,
    sum(case when age.days < 7 then latest.users else 0 end) as weekly,
    sum(latest.users) as monthly
  from latest
  join age on age.days < latest.days
  group by 1
)
select
  calendar.day,
  coalesce(active.daily, 0) as daily,
  coalesce(active.weekly, 0) as weekly,
  coalesce(active.monthly, 0) as monthly,
  round(1e3 * active.daily / active.monthly) / 1e3 as daily_share,
  round(1e3 * active.weekly / active.monthly) / 1e3 as weekly_share
from calendar
left join active on active.day = calendar.day
where calendar.period = 'day'
order by calendar.day;
