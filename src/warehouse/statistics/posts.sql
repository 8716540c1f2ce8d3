-- Messages
-- How many messages people posted, how many people posted, and the average for each of them.
with dated as (
  select
    day,
    cast(date_trunc('week', day) as date) as week_start,
    cast(date_trunc('month', day) as date) as month_start,
    posts,
    -- A user counts on the last active day of a week and of a month.
    next_day is null or date_trunc('week', next_day) > date_trunc('week', day) as is_last_of_week,
    next_day is null or date_trunc('month', next_day) > date_trunc('month', day) as is_last_of_month
  from active_day
),
each_period as (
  select 'day' as period, day as starts_on, count(*) as active_users, sum(posts) as posts
  from dated
  group by day
  union all
  select 'week', week_start, count(*) filter (where is_last_of_week), sum(posts)
  from dated
  group by week_start
  union all
  select 'month', month_start, count(*) filter (where is_last_of_month), sum(posts)
  from dated
  group by month_start
),
span as (
  select distinct period, starts_on from calendar
)
select
  span.period,
  span.starts_on,
  coalesce(each_period.active_users, 0) as active_users,
  coalesce(each_period.posts, 0) as posts,
  round(1e2 * each_period.posts / each_period.active_users) / 1e2 as posts_per_active_user
from span
left join each_period
  on each_period.period = span.period and each_period.starts_on = span.starts_on
order by
  case span.period when 'day' then 1 when 'week' then 2 else 3 end,
  span.starts_on;
