-- Replays the requests of a file in a circle and checks every answer. A line is "METHOD target", or
-- "METHOD target FILE", where FILE holds a multipart body. Prints one line of JSON at the end.

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

local function body_of(file)
   local opened = assert(io.open(file, "rb"))
   local body = opened:read("*a")
   opened:close()
   return body
end

function init(args)
   requests, failed, at = {}, 0, 0
   local bodies = {}
   for line in io.lines(args[1]) do
      local method, target, file = line:match("^(%S+) (%S+) ?(%S*)$")
      local headers, body
      if file ~= "" then
         body = bodies[file] or body_of(file)
         bodies[file] = body
         headers = {["Content-Type"] = "multipart/form-data; boundary=" .. body:match("^%-%-([^\r]+)")}
      end
      table.insert(requests, wrk.format(method, target, headers, body))
   end
   math.randomseed(os.time())
   at = math.random(#requests) -- a second run does not begin with what is remembered of the first
end

function request()
   at = at % #requests + 1
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
