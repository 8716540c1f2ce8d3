-- New people
-- How many people have come, each counted on the latest day on which they can have come: the day of the first message by them or by anybody who came later.
select calendar.period, calendar.starts_on, count(person.user_id) as new_users
from calendar
left join person on person.since = calendar.day
group by calendar.period, calendar.starts_on
order by calendar.period, calendar.starts_on;
