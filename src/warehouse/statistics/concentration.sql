-- The top 1 %
-- How much of MiniTwit depends on few people: the share of all follows that go to the most followed 1 % of users, and of all messages by the 1 % who post most.
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
    cast(ceil(count(*) over (partition by counted) / 1e2) as bigint) as top_users
  from counted
)
select
  counted,
  top_users,
  sum(case when place <= top_users then total else 0 end) as top_total,
  sum(total) as total,
  round(1e3 * sum(case when place <= top_users then total else 0 end) / nullif(sum(total), 0)) / 1e3
    as share
from ranked
group by counted, top_users
order by counted;
