-- Sends one signed GitHub webhook over and over, each time with another delivery id. Environment: BENCH_BODY (a file), BENCH_SIGNATURE
-- (hexadecimal digits), BENCH_EVENT (its name; push), BENCH_CLOSE (set: a connection for each request), BENCH_DELAY (milliseconds between two requests of a connection).
local body = io.open(os.getenv("BENCH_BODY")):read("*a")
local signature = os.getenv("BENCH_SIGNATURE")
local wait = tonumber(os.getenv("BENCH_DELAY") or "0")
local event = os.getenv("BENCH_EVENT") or "push"
local started = os.getenv("BENCH_RUN") or "0"

local head = "POST /github HTTP/1.1\r\nHost: localhost\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n"
  .. "Content-Type: application/json\r\nX-GitHub-Event: " .. event .. "\r\nX-GitHub-Hook-ID: 292430182\r\n"
  .. "X-GitHub-Hook-Installation-Target-ID: 79929171\r\nX-GitHub-Hook-Installation-Target-Type: repository\r\n"
  .. "X-Hub-Signature-256: sha256=" .. signature .. "\r\n"
if os.getenv("BENCH_CLOSE") then head = head .. "Connection: close\r\n" end
local tail = "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  count = 0
  prefix = head .. "X-GitHub-Delivery: " .. started .. "-" .. number .. "-"
end

function request()
  count = count + 1
  return prefix .. count .. tail
end

if wait > 0 then
  -- Spread, so that the connections do not come in step.
  function delay() return math.random(0, 2 * wait) end
end

function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %.3f %.3f\n", summary.requests, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
