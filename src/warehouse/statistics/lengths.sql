-- Message lengths
-- How long messages are, in steps of 20 characters. The last step has no upper limit.
select cast(least(floor(length(text) / 20) * 20, 280) as bigint) as at_least, count(*) as posts
from message
group by 1
order by 1;
