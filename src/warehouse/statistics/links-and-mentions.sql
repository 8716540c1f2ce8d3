-- Links and mentions
-- How many of each month's messages contain a link, and how many mention another user. Both are approximate.
with marked as (
  select
    cast(floor(least(pub_date, as_of_s) / 86400) as bigint) as day_number,
    -- Most messages have none of these characters, and `case` examines the others only.
    case when text like '%://%'
      then lower(text) like '%http://_%' or lower(text) like '%https://_%'
      else false
    end as has_link,
    case when text like '%@%'
      then coalesce(regexp_extract(text, '(^|[^\p{L}\p{N}_@/.+-])@[\p{L}\p{N}_]'), '') <> ''
      else false
    end as has_mention
  from message
  cross join moment
),
counted as (
  select
    day_number,
    count(*) as posts,
    count(*) filter (where has_link) as links,
    count(*) filter (where has_mention) as mentions
  from marked
  group by day_number
),
each_day as (
  select
    cast(date '1970-01-01' + interval '1' day * day_number as date) as day,
    posts,
    links,
    mentions
  from counted
)
select
  calendar.starts_on as month,
  coalesce(sum(posts), 0) as posts,
  coalesce(sum(links), 0) as links,
  coalesce(sum(mentions), 0) as mentions,
  round(1e3 * sum(links) / sum(posts)) / 1e3 as share_of_links,
  round(1e3 * sum(mentions) / sum(posts)) / 1e3 as share_of_mentions
from calendar
left join each_day on each_day.day = calendar.day
where calendar.period = 'month'
group by calendar.starts_on
order by calendar.starts_on;
