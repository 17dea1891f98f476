-- The HTTP load of wrk: POST the purchase of sale.py, each time with a fresh Idempotency-Key and reference,
-- members and partners in turn. What to do is in the Lua table that COALITION_BENCH_LOAD names (see wrk.py):
--
--   run        makes keys and references distinct from those of every other run
--   path, host where to post
--   lines      purchases in one request; 0: a single purchase, not a batch
--   seconds    batches are begun for so long; the ones under way are then waited for
--   pieces     the purchase as JSON, cut at card, reference and store
--   cards      cards of members;  tills: {secret, store code} of partners

local ffi = require("ffi")
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time *now);
]]

local load = dofile(os.getenv("COALITION_BENCH_LOAD"))
local pieces, cards, tills, lines = load.pieces, load.cards, load.tills, load.lines
local threads = {}
local moment = ffi.new("bench_time")
local sent = 0

-- Read by `done` through thread:get.
number = 0
begun, ended, accepted, wrong, complaint = 0, 0, 0, 0, ""

local function now()
    ffi.C.clock_gettime(1, moment) -- 1: CLOCK_MONOTONIC
    return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

function setup(thread)
    thread:set("number", #threads)
    threads[#threads + 1] = thread
end

-- Steps that share no factor with the lengths go through all members and partners without favour.
local function purchase(count, reference, store)
    local card = cards[(count * 7919 + number) % #cards + 1]
    return pieces[1] .. card .. pieces[2] .. reference .. pieces[3] .. store .. pieces[4]
end

function request()
    sent = sent + 1
    local till = tills[(sent + number) % #tills + 1]
    local key = load.run .. "-" .. number .. "-" .. sent
    local body
    if lines == 0 then
        body = purchase(sent, key, till[2])
    else
        local parts = {}
        for line = 1, lines do
            parts[line] = purchase(sent * lines + line, key .. "-" .. line, till[2])
        end
        body = '{"lines":[' .. table.concat(parts, ",") .. "]}"
        if begun == 0 then begun = now() end
    end
    return "POST " .. load.path .. " HTTP/1.1\r\nHost: " .. load.host .. "\r\nAuthorization: Bearer " .. till[1]
        .. "\r\nIdempotency-Key: " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body
        .. "\r\n\r\n" .. body
end

if lines > 0 then
    -- Milliseconds to wait before a request: none while time lasts, then for ever.
    function delay()
        if begun > 0 and now() - begun > load.seconds then return 3600000 end
        return 0
    end

    function response(status, _, body)
        ended = now()
        local counted = tonumber(body:match('"accepted":(%d+)') or "0")
        accepted = accepted + counted
        if status ~= 201 or counted ~= lines then
            wrong = wrong + 1
            complaint = (status .. " " .. body):sub(1, 300):gsub('[%c"\\]', " ")
        end
    end
end

function done(summary, latency, _)
    local totals = { accepted = 0, wrong = 0, begun = math.huge, ended = 0, complaint = "" }
    for _, thread in ipairs(threads) do
        totals.accepted = totals.accepted + thread:get("accepted")
        totals.wrong = totals.wrong + thread:get("wrong")
        totals.ended = math.max(totals.ended, thread:get("ended"))
        local first = thread:get("begun")
        if first > 0 then totals.begun = math.min(totals.begun, first) end
        if thread:get("complaint") ~= "" then totals.complaint = thread:get("complaint") end
    end
    local errors = summary.errors
    io.write(string.format(
        'BENCH {"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "status": %d, "connect": %d, '
            .. '"read": %d, "write": %d, "timeout": %d, "accepted": %d, "wrong": %d, "lines_seconds": %.6f, '
            .. '"complaint": "%s"}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), errors.status,
        errors.connect, errors.read, errors.write, errors.timeout, totals.accepted, totals.wrong,
        totals.ended > 0 and totals.ended - totals.begun or 0, totals.complaint
    ))
end
