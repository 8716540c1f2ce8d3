-- Tables that all statistics use, created from the copy for each run. Days are in UTC. The last one is the day of
-- `:asOfS`, the time of the copy.

drop table if exists calendar, person, active_day;

-- The number of messages of each user on each day.
create table active_day (
  user_id int unsigned not null,
  day date not null,
  posts int unsigned not null,
  primary key (user_id, day),
  key day (day, posts)
) engine = InnoDB;

insert into active_day (user_id, day, posts)
-- `sql_big_result` makes the server sort a million messages in a second. A temporary table of groups takes 20 s.
select sql_big_result author_id, date(from_unixtime(least(pub_date, :asOfS))) as day, count(*)
from message
group by author_id, day;

-- MiniTwit stores no registration date. Ids rise, so a user with a lower id than an author registered before that
-- author's first message. `since` is therefore the latest possible day of registration.
create table person (
  user_id int unsigned not null,
  since date not null,
  followers int unsigned not null,
  posts int unsigned not null,
  primary key (user_id),
  key since (since)
) engine = InnoDB;

insert into person (user_id, since, followers, posts)
with wrote as (
  select user_id, min(day) as first_day, sum(posts) as posts from active_day group by user_id
),
followed as (
  select whom_id as user_id, count(*) as followers from follower group by whom_id
),
-- The highest id of the users whose first message was on a day. Users with higher ids registered by the last day.
newest as (
  select first_day as day, max(user_id) as user_id from wrote group by first_day
  union all
  select date(from_unixtime(:asOfS)), 4294967295
),
-- The maximum is over days, which are few. Over users, the servers' time is quadratic.
reached as (
  select day, max(user_id) over (order by day, user_id rows unbounded preceding) as to_id
  from newest
),
arrival as (
  select min(day) as since, to_id, coalesce(lag(to_id) over (order by to_id), 0) as after_id
  from reached
  group by to_id
)
select straight_join
  user.user_id,
  arrival.since,
  coalesce(followed.followers, 0),
  coalesce(wrote.posts, 0)
from arrival
join user on user.user_id > arrival.after_id and user.user_id <= arrival.to_id
left join wrote on wrote.user_id = user.user_id
left join followed on followed.user_id = user.user_id;

-- Each day since the first registration, in each of its three periods.
create table calendar (
  period enum('day', 'week', 'month') not null,
  starts_on date not null,
  day date not null,
  primary key (period, day),
  key starts_on (period, starts_on)
) engine = InnoDB;

insert into calendar (period, starts_on, day)
with digit as (
  select 0 as n
  union all select 1 union all select 2 union all select 3 union all select 4 union all select 5
  union all select 6 union all select 7 union all select 8 union all select 9
),
each_day as (
  -- The last 100,000 days, which is more than an `int unsigned` of seconds since 1970 can contain.
  select
    date_sub(
      date(from_unixtime(:asOfS)),
      interval a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n day
    ) as day
  from digit as a
  cross join digit as b
  cross join digit as c
  cross join digit as d
  cross join digit as e
),
lived as (
  select day from each_day where day >= (select min(since) from person)
)
select 'day', day, day from lived
union all
select 'week', date_sub(day, interval weekday(day) day), day from lived
union all
select 'month', date_sub(day, interval dayofmonth(day) - 1 day), day from lived;
