-- SPDX-License-Identifier: BSD-3-Clause
-- Replays captures of mkpcap with Pktgen-DPDK: one out of the port that is cabled to adit's outside, one, if wanted, out of
-- that to its inside, each once and in order. What it is told comes from the environment; README.md here goes through it.
--
--   REPLAY_UP_PKTS     packets of the capture of port 0, 0: none (required)
--   REPLAY_DOWN_PKTS   packets of the capture of port 1 (0)
--   REPLAY_RATE        per cent of the line rate (10)
--   REPLAY_RESULT      a file for the figures (replay.txt)
package.path = package.path .. ";?.lua;scripts/?.lua"
require "Pktgen"

local OUTSIDE, INSIDE = 0, 1
local SETTLE_MS, LOOK_MS, PATIENCE_S = 1000, 200, 600

local function number(name, default)
	local text = os.getenv(name)
	local value = tonumber(text or default)
	if not value or value < 0 then
		error(name .. " wants a number, not '" .. tostring(text) .. "'")
	end
	return value
end

local up = number("REPLAY_UP_PKTS")
local down = number("REPLAY_DOWN_PKTS", 0)
local rate = number("REPLAY_RATE", 10)
local result = os.getenv("REPLAY_RESULT") or "replay.txt"

if up == 0 and down == 0 then
	error("nothing to send: REPLAY_UP_PKTS and REPLAY_DOWN_PKTS are 0")
end

local function stats(port)
	return pktgen.portStats(tostring(port), "port")[port]
end

-- A capture is good once: Pktgen would begin it again at its end, and every number of GRE and MPPE in it would be old.
local function arm(port, packets)
	local name = tostring(port)
	pktgen.pcap(name, "on")
	pktgen.set(name, "count", packets)
	pktgen.set(name, "rate", rate)
end

local sending = {}
if up > 0 then
	arm(OUTSIDE, up)
	sending[#sending + 1] = OUTSIDE
end
if down > 0 then
	arm(INSIDE, down)
	sending[#sending + 1] = INSIDE
end

pktgen.screen("off")
pktgen.clr()
pktgen.delay(SETTLE_MS)

local wanted = { [OUTSIDE] = up, [INSIDE] = down }
local before = { [OUTSIDE] = stats(OUTSIDE), [INSIDE] = stats(INSIDE) }
local ports = table.concat(sending, ",")
local waited = 0
pktgen.start(ports)
for _, port in ipairs(sending) do
	while stats(port).opackets - before[port].opackets < wanted[port] and waited < PATIENCE_S * 1000 do
		pktgen.delay(LOOK_MS)
		waited = waited + LOOK_MS
	end
end
pktgen.stop(ports)
pktgen.delay(SETTLE_MS) -- what is still in adit

local after = { [OUTSIDE] = stats(OUTSIDE), [INSIDE] = stats(INSIDE) }
local out = assert(io.open(result, "w"))
-- What goes in by one port comes out by the other. GRE without payload (lone acks of adit) comes out by the outside too.
for _, way in ipairs({ { "up", OUTSIDE, INSIDE }, { "down", INSIDE, OUTSIDE } }) do
	local sent = after[way[2]].opackets - before[way[2]].opackets
	local came = after[way[3]].ipackets - before[way[3]].ipackets
	local line = string.format("%s sent=%d came=%d wanted=%d", way[1], sent, came, wanted[way[2]])
	print(line)
	out:write(line, "\n")
end
out:close()
pktgen.screen("on")
pktgen.quit()
