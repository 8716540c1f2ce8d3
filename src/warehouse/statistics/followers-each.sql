-- Followers of each user
-- Users by their number of followers: none, 1, 2 to 3, 4 to 7 and so on.
select
  -- The greatest power of two that is not above the number.
  if(followers = 0, 0, 1 << (length(bin(followers)) - 1)) as at_least,
  count(*) as users,
  sum(followers) as followers
from person
group by at_least
order by at_least;
