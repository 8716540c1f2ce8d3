-- Reciprocity
-- The share of follows in which the followed user follows back.
select
  count(*) as follows,
  count(back.who_id) as returned,
  round(1e3 * count(back.who_id) / nullif(count(*), 0)) / 1e3 as share
from follower
left join follower as back on back.who_id = follower.whom_id and back.whom_id = follower.who_id
where follower.who_id <> follower.whom_id;
