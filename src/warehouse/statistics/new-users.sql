-- New users
-- New users, each on the latest possible day of registration: the day of the first message by this user or by a user who registered later.
select calendar.period, calendar.starts_on, count(person.user_id) as new_users
from calendar
left join person on person.since = calendar.day
group by calendar.period, calendar.starts_on
order by calendar.period, calendar.starts_on;
