-- Rising authors
-- The twenty people who gained most followers since the previous run.
with followed_before as (
  select whom_id as user_id, count(*) as followers from before.follower group by whom_id
)
select
  "user".username,
  coalesce(followed_before.followers, 0) as followers_before,
  person.followers,
  person.followers - coalesce(followed_before.followers, 0) as gained
from person
join "user" on "user".user_id = person.user_id
left join followed_before on followed_before.user_id = person.user_id
where person.followers > coalesce(followed_before.followers, 0)
order by gained desc, person.followers desc, person.user_id
limit 20;
