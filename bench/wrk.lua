-- Sends the requests of a file in order, and repeats them. The argument is the file's path. Each request in the
-- file is followed by the character 30.
local requests, last = {}, 0

function init(arguments)
  local file = assert(io.open(arguments[1], 'rb'))
  for request in file:read('*a'):gmatch('([^\30]+)\30') do
    requests[#requests + 1] = request
  end
  file:close()
end

function request()
  last = last % #requests + 1
  return requests[last]
end

-- wrk reports microseconds.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '\nRESULT {"requests":%d,"bytes":%d,"durationS":%f,"p50Ms":%f,"p99Ms":%f,"failed":%d,"errorResponses":%d}',
    summary.requests, summary.bytes, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
