-- Retention
-- Of the new users of a week (see New users), the share that posts a number of weeks later.
with week as (
  select starts_on, day from calendar where period = 'week'
),
cohort as (
  select week.starts_on as came_in, person.user_id
  from person
  join week on week.day = person.since
),
size as (
  select came_in, count(*) as users from cohort group by came_in
),
active_week as (
  select distinct week.starts_on, active_day.user_id
  from active_day
  join week on week.day = active_day.day
),
active as (
  select cohort.came_in, active_week.starts_on, count(*) as users
  from cohort
  join active_week on active_week.user_id = cohort.user_id
  group by cohort.came_in, active_week.starts_on
)
select
  size.came_in,
  datediff(week.starts_on, size.came_in) div 7 as weeks_later,
  size.users,
  coalesce(active.users, 0) as active_users,
  round(coalesce(active.users, 0) / size.users, 3) as share
from size
join (select distinct starts_on from week) as week on week.starts_on >= size.came_in
left join active on active.came_in = size.came_in and active.starts_on = week.starts_on
order by size.came_in, weeks_later;
