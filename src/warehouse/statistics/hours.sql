-- Hours of the week
-- When people post: the number of messages in each hour (UTC) of each weekday.
select
  -- 0 is Monday, because 1970 began on a Thursday.
  (cast(floor(pub_date / 86400) as bigint) + 3) % 7 as weekday,
  cast(floor(pub_date / 3600) as bigint) % 24 as hour,
  count(*) as posts
from message
group by 1, 2
order by 1, 2;
