-- The top 1 %
-- The share of all follows that go to the most followed 1 % of users, and of all messages by the most active 1 %.
with counted as (
  select 'followers' as counted, followers as total from person
  union all
  select 'posts', posts from person
),
ranked as (
  select
    counted,
    total,
    row_number() over (partition by counted order by total desc) as place,
    -- At least one user.
    ceil(count(*) over (partition by counted) / 100) as top_users
  from counted
)
select
  counted,
  top_users,
  sum(if(place <= top_users, total, 0)) as top_total,
  sum(total) as total,
  round(sum(if(place <= top_users, total, 0)) / nullif(sum(total), 0), 3) as share
from ranked
group by counted, top_users
order by counted;
