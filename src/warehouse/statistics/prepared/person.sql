-- All users: the day of the registration (`since`), and the numbers of followers and messages.
--
-- MiniTwit stores registrations since version 1.11.0. Ids rise, so a user without a stored registration registered no
-- later than a user with a higher id, and no later than the first message of this user or of one with a higher id.
-- `since` is the latest day that these facts allow.
with first_message as (
  select
    author_id as user_id,
    count(*) as posts,
    min(message_id) as message_id,
    min_by(pub_date, message_id) as at_s
  from message
  group by author_id
),
followed as (
  select whom_id as user_id, count(*) as followers from follower group by whom_id
),
-- Times when a user was registered already, in the order of the ids of messages and of users.
trace as (
  select 'message' as source, message_id as position, user_id, least(at_s, as_of_s) as at_s
  from first_message
  cross join moment
  union all
  select 'registration', user_id, user_id, least(registered_at, as_of_s)
  from "user"
  cross join moment
  where registered_at is not null
),
-- A wrong clock gives a wrong time. Three times before this one, at three distances, are compared with it, so up to a
-- hundred wrong times in a row are recognized.
compared as (
  select
    source,
    user_id,
    at_s,
    lag(at_s, 1) over by_id as a1,
    lag(at_s, 2) over by_id as a2,
    lag(at_s, 3) over by_id as a3,
    lag(at_s, 10) over by_id as b1,
    lag(at_s, 20) over by_id as b2,
    lag(at_s, 30) over by_id as b3,
    lag(at_s, 100) over by_id as c1,
    lag(at_s, 200) over by_id as c2,
    lag(at_s, 300) over by_id as c3,
    lead(at_s, 1) over by_id as n1,
    lead(at_s, 2) over by_id as n2,
    lead(at_s, 3) over by_id as n3
  from trace
  window by_id as (partition by source order by position)
),
-- A time is at most an hour before the median of three earlier times. The first three times are at most a year before
-- the median of the next three, or before another time if there are fewer. A time before that is replaced by this limit.
corrected as (
  select
    source,
    user_id,
    greatest(
      at_s,
      case
        when a3 is not null then greatest(least(a1, a2), least(greatest(a1, a2), a3)) - 3600
        when n3 is not null then greatest(least(n1, n2), least(greatest(n1, n2), n3)) - 31536000
        else coalesce(n1, a1, 0) - 31536000
      end,
      case
        when b3 is not null then greatest(least(b1, b2), least(greatest(b1, b2), b3)) - 3600
        else 0
      end,
      case
        when c3 is not null then greatest(least(c1, c2), least(greatest(c1, c2), c3)) - 3600
        else 0
      end
    ) as at_s
  from compared
),
known as (
  select
    user_id,
    min(at_s) as at_s,
    min(case when source = 'registration' then at_s end) as registered_s
  from corrected
  group by user_id
),
arrival as (
  select
    "user".user_id,
    coalesce(
      known.registered_s,
      min(known.at_s) over (order by "user".user_id desc rows unbounded preceding),
      moment.as_of_s
    ) as since_s
  from "user"
  cross join moment
  left join known on known.user_id = "user".user_id
)
select
  arrival.user_id,
  cast(date '1970-01-01' + interval '1' day * cast(floor(since_s / 86400) as bigint) as date) as since,
  coalesce(followed.followers, 0) as followers,
  coalesce(first_message.posts, 0) as posts
from arrival
left join followed on followed.user_id = arrival.user_id
left join first_message on first_message.user_id = arrival.user_id;
