-- Followers of each user
-- How many people have no follower, 1 follower, 2 to 3, 4 to 7 and so on.
select
  -- The greatest power of two that is not above the number.
  case when followers = 0 then 0 else cast(power(2, length(to_base(followers, 2)) - 1) as bigint) end as at_least,
  count(*) as users,
  sum(followers) as followers
from person
group by 1
order by 1;
