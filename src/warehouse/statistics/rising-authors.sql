-- Rising authors
-- The twenty users who gained most followers since the previous run.
select
  user.username,
  coalesce(followers_at.followers, 0) as followers_before,
  person.followers,
  cast(person.followers as signed) - coalesce(followers_at.followers, 0) as gained
from person
join user on user.user_id = person.user_id
left join followers_at on followers_at.run = :before and followers_at.user_id = person.user_id
where person.followers > coalesce(followers_at.followers, 0)
order by gained desc, person.followers desc, person.user_id
limit 20;
