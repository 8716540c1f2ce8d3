-- New users
-- How many people registered. The days of people who registered before MiniTwit 1.11 are estimates, which can be too late: MiniTwit did not store them.
select calendar.period, calendar.starts_on, count(person.user_id) as new_users
from calendar
left join person on person.since = calendar.day
group by calendar.period, calendar.starts_on
order by
  case calendar.period when 'day' then 1 when 'week' then 2 else 3 end,
  calendar.starts_on;
