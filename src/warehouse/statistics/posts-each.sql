-- Messages of each user
-- Users by their number of messages: none, 1, 2 to 3, 4 to 7 and so on.
select
  -- The greatest power of two that is not above the number.
  if(posts = 0, 0, 1 << (length(bin(posts)) - 1)) as at_least,
  count(*) as users,
  sum(posts) as posts
from person
group by at_least
order by at_least;
