-- Message lengths
-- How many messages are so long, in steps of 20 characters; the last step has no end.
select
  least(char_length(text) div 20 * 20, 280) as at_least,
  count(*) as posts
from message
group by at_least
order by at_least;
