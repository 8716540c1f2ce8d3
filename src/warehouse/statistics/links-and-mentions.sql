-- Links and mentions
-- The approximate shares of each month's messages with a link and with a mention.
with posted as (
  select
    date(from_unixtime(least(pub_date, :asOfS))) as day,
    text like '%http://_%' or text like '%https://_%' as has_link,
    text regexp '(^|[^[:alnum:]_@/.+-])@[[:alnum:]_]' as has_mention
  from message
),
each_day as (
  select day, count(*) as posts, sum(has_link) as links, sum(has_mention) as mentions
  from posted
  group by day
)
select
  calendar.starts_on as month,
  coalesce(sum(posts), 0) as posts,
  coalesce(sum(links), 0) as links,
  coalesce(sum(mentions), 0) as mentions,
  round(sum(links) / sum(posts), 3) as share_of_links,
  round(sum(mentions) / sum(posts), 3) as share_of_mentions
from calendar
left join each_day on each_day.day = calendar.day
where calendar.period = 'month'
group by calendar.starts_on
order by calendar.starts_on;
