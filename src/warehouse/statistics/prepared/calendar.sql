-- Each day since the first registration, in each of its three periods. Weeks start on Monday.
with digit (n) as (
  values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)
),
each_day as (
  -- The last 100,000 days, which is more than the seconds of the tables can contain.
  select
    cast(
      as_of_day - interval '1' day * (a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n) as date
    ) as day
  from moment
  cross join digit as a
  cross join digit as b
  cross join digit as c
  cross join digit as d
  cross join digit as e
),
lived as (
  select day from each_day where day >= (select min(since) from person)
)
select 'day' as period, day as starts_on, day from lived
union all
select 'week', cast(date_trunc('week', day) as date), day from lived
union all
select 'month', cast(date_trunc('month', day) as date), day from lived;
