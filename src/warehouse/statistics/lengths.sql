-- Message lengths
-- Messages by length, in steps of 20 characters. The last step has no upper limit.
select
  least(char_length(text) div 20 * 20, 280) as at_least,
  count(*) as posts
from message
group by at_least
order by at_least;
