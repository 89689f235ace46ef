-- Replays the requests of a file ("METHOD target" a line) in a circle and checks every body.
-- Prints one line of JSON at the end.

local threads = {}

function setup(thread)
   thread:set("index", #threads)
   table.insert(threads, thread)
end

function init(args)
   requests, failed, at = {}, 0, 0
   for line in io.lines(args[1]) do
      local method, target = line:match("^(%S+) (.+)$")
      table.insert(requests, wrk.format(method, target))
   end
   -- The threads start at different places of the circle.
   at = math.floor(#requests * index / 2)
end

function request()
   at = at + 1
   if at > #requests then at = 1 end
   return requests[at]
end

function response(status, _, body)
   if status ~= 200 or not (body:find('"status_code":0', 1, true) or body:find('"pong"', 1, true)) then
      failed = failed + 1
      if failed == 1 then io.stderr:write(status, " ", body:sub(1, 300), "\n") end
   end
end

function done(summary, latency, _)
   local failed = 0
   for _, thread in ipairs(threads) do failed = failed + thread:get("failed") end
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      failed + errors.connect + errors.read + errors.write + errors.timeout))
end
