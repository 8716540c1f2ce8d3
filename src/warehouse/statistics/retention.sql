-- Retention
-- Of the people who registered in a week, the share that still posts in each of the following weeks.
with week_day as (
  select starts_on, day from calendar where period = 'week'
),
cohort as (
  select week_day.starts_on as came_in, person.user_id
  from person
  join week_day on week_day.day = person.since
),
size as (
  select came_in, count(*) as users from cohort group by came_in
),
-- A user has one last active day in each active week.
active_week as (
  select week_day.starts_on, active_day.user_id
  from active_day
  join week_day on week_day.day = active_day.day
  where active_day.next_day is null
    or date_trunc('week', active_day.next_day) > date_trunc('week', active_day.day)
),
active as (
  select cohort.came_in, active_week.starts_on, count(*) as users
  from cohort
  join active_week on active_week.user_id = cohort.user_id
  group by cohort.came_in, active_week.starts_on
),
week as (
  select distinct starts_on from week_day
)
select
  size.came_in,
  cast(date_diff('day', size.came_in, week.starts_on) / 7 as bigint) as weeks_later,
  size.users,
  coalesce(active.users, 0) as active_users,
  round(1e3 * coalesce(active.users, 0) / size.users) / 1e3 as share
from size
join week on week.starts_on >= size.came_in
left join active on active.came_in = size.came_in and active.starts_on = week.starts_on
order by 1, 2;
