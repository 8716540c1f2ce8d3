-- The number of messages of each user on each day, in UTC, and the user's next active day. A message that is newer than
-- the copy counts on the day of the copy.
with posted as (
  select
    author_id as user_id,
    cast(floor(least(pub_date, as_of_s) / 86400) as bigint) as day_number,
    count(*) as posts
  from message
  cross join moment
  group by 1, 2
),
dated as (
  select
    user_id,
    cast(date '1970-01-01' + interval '1' day * day_number as date) as day,
    posts
  from posted
)
select user_id, day, posts, lead(day) over (partition by user_id order by day) as next_day
from dated;
