-- Hours of the week
-- Messages by hour (UTC) and weekday.
select
  -- 0 is Monday, because 1970 began on a Thursday.
  (pub_date div 86400 + 3) % 7 as weekday,
  pub_date div 3600 % 24 as hour,
  count(*) as posts
from message
group by weekday, hour
order by weekday, hour;
