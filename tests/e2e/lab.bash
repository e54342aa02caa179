# SPDX-License-Identifier: BSD-3-Clause
#
# The world around adit, in network namespaces of its own. Sourced by the tests, by `lab` and by
# tools/demo. Every name carries the process id of who made it, so that runs do not collide.
#
#     guest tap --- br0 --- out1 === out0 [adit] in0 === in1     (=== is a veth pair)
#     namespace:   WAN               BOX             LAN
#
#   198.18.0.1 adit outside    198.18.0.2 the host in WAN    198.18.0.10+ guests
#   10.20.0.1 adit inside      10.20.0.2 the host in LAN     10.30.0.0/16 clients' inner addresses
#
# With `lab_up nat` the guest sits at 192.168.77.10 in a fourth namespace NAT, behind 198.18.0.20.
#
# After `lab_up` these are set:
#   lab_id lab_dir wan box lan nat out_mac in_mac     and after adit_start:  adit_pid

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(readlink -f "$here/../..")
build=${ADIT_BUILD:-$top/build}
adit=${ADIT_BIN:-$build/app/adit/adit}
aditctl=${ADITCTL_BIN:-$build/app/aditctl/aditctl}

server=198.18.0.1
lan_host=10.20.0.2
export LC_ALL=C

fail()
{
	echo "FAIL: $*" >&2
	return 1
}

# Without root, become root of a user namespace, with a /run that we may write to. The guest's
# cache is built first, while there is still a network.
lab_privileges() # SCRIPT ARGS...
{
	if ((EUID == 0)); then
		if [ -n "${ADIT_UNSHARED:-}" ]; then
			mount -t tmpfs tmpfs /run
			mkdir /run/netns
			unset ADIT_UNSHARED
		else
			"$here/guest" build
		fi
		return
	fi
	"$here/guest" build
	if ! unshare -Urnm true 2>/dev/null; then
		echo "SKIP: this kernel gives an ordinary user no namespaces; run as root" >&2
		exit 77
	fi
	ADIT_UNSHARED=1 exec unshare -Urnm "$@"
}

in_ns() # NAMESPACE COMMAND...
{
	local ns=$1
	shift
	ip netns exec "$ns" "$@"
}

quiet_ipv6() # NAMESPACE: no router solicitations in the captures
{
	in_ns "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
}

lab_up() # [nat]
{
	lab_id=$$
	lab_dir=${lab_dir:-$(mktemp -d "${TMPDIR:-/tmp}/adit-lab.XXXXXX")}
	lab_names
	local ns
	for ns in "$wan" "$box" "$lan"; do
		ip netns add "$ns"
		quiet_ipv6 "$ns"
		ip -n "$ns" link set lo up
	done
	ip -n "$wan" link add out1 type veth peer name out0 netns "$box"
	ip -n "$lan" link add in1 type veth peer name in0 netns "$box"

	# A frame that enters a veth here reaches adit as it is: it must not leave its checksum or its
	# segmentation to a NIC that does not exist.
	in_ns "$wan" ethtool -K out1 tx off tso off gso off >/dev/null
	in_ns "$lan" ethtool -K in1 tx off tso off gso off >/dev/null

	# The ports belong to adit. The kernel's addresses are on the TAPs that adit makes; it sees the
	# ports' frames, too, and must neither answer ARP on them nor take their IP packets.
	local port
	for port in out0 in0; do
		in_ns "$box" sysctl -q -w net.ipv4.conf.$port.rp_filter=1
		ip -n "$box" link set $port arp off up
	done

	out_mac=$(in_ns "$box" cat /sys/class/net/out0/address)
	in_mac=$(in_ns "$box" cat /sys/class/net/in0/address)

	ip -n "$wan" link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	ip -n "$wan" addr add 198.18.0.2/24 dev br0
	ip -n "$wan" link set out1 master br0 up
	ip -n "$wan" link set br0 up
	ip -n "$lan" addr add $lan_host/24 dev in1
	ip -n "$lan" link set in1 up
	ip -n "$lan" route add 10.30.0.0/16 via 10.20.0.1
	if [ "${1:-}" = nat ]; then
		lab_nat_up
	fi
	lab_guest_ns=$wan
	lab_guest_options=(--bridge br0 --ip 198.18.0.10/24)
	if [ "${1:-}" = nat ]; then
		lab_guest_ns=$nat
		lab_guest_options=(--bridge br1 --ip 192.168.77.10/24 --gw 192.168.77.1)
	fi
}

lab_names()
{
	wan=adit$lab_id-wan
	box=adit$lab_id-box
	lan=adit$lab_id-lan
	nat=adit$lab_id-nat
}

# Many homes behind one address: the kernel's NAT with its PPTP helper, which rewrites Call IDs.
lab_nat_up()
{
	ip netns add "$nat"
	quiet_ipv6 "$nat"
	ip -n "$nat" link set lo up
	ip -n "$wan" link add nat0 type veth peer name wan0 netns "$nat"
	ip -n "$wan" link set nat0 master br0 up
	ip -n "$nat" addr add 198.18.0.20/24 dev wan0
	ip -n "$nat" link set wan0 up
	ip -n "$nat" link add br1 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	ip -n "$nat" addr add 192.168.77.1/24 dev br1
	ip -n "$nat" link set br1 up
	in_ns "$nat" sysctl -q -w net.ipv4.ip_forward=1
	in_ns "$nat" nft -f - <<-'NFT'
		table ip home {
			ct helper pptp {
				type "pptp" protocol tcp
				l3proto ip
			}
			chain pre {
				type filter hook prerouting priority 0; policy accept;
				tcp dport 1723 ct helper set "pptp"
			}
			chain post {
				type nat hook postrouting priority 100; policy accept;
				oifname "wan0" masquerade
			}
		}
	NFT
}

# Ends what runs in the lab's namespaces, which is all that was started there, and removes them.
lab_down() # [ID]
{
	lab_id=${1:-$lab_id}
	lab_names
	local ns round pids
	for round in 1 2 3 4 5 6 7 8; do
		pids=
		for ns in "$box" "$wan" "$nat" "$lan"; do
			[ ! -e "/run/netns/$ns" ] || pids="$pids $(ip netns pids "$ns" | tr '\n' ' ')"
		done
		[ -n "${pids// /}" ] || break
		# shellcheck disable=SC2086
		if ((round < 6)); then kill -TERM $pids; else kill -KILL $pids; fi 2>/dev/null || true
		sleep 0.3
	done
	for ns in "$box" "$wan" "$nat" "$lan"; do
		[ ! -e "/run/netns/$ns" ] || ip netns del "$ns"
	done
}

# ---------------------------------------------------------------- waiting and looking

# Wait until a line of FILE matches PATTERN (an extended regular expression); prints that line.
await() # SECONDS PATTERN FILE
{
	local left=$(($1 * 20))
	while ((left-- > 0)); do
		if grep -E -m1 -- "$2" "$3" 2>/dev/null; then
			return 0
		fi
		sleep 0.05
	done
	fail "no line matches '$2' in $3 within $1 s"
}

# Wait until COMMAND succeeds.
await_true() # SECONDS COMMAND...
{
	local left=$(($1 * 10))
	shift
	while ((left-- > 0)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.1
	done
	fail "not within the time: $*"
}

# The value of KEY in lines of key=value on stdin; the last one counts.
field() # KEY
{
	sed -n -E "s/.*(^| )$1=(\"([^\"]*)\"|([^ ]*)).*/\3\4/p" | tail -n 1
}

# ---------------------------------------------------------------- captures

# Enough of each frame for every control message; of data the head will do. dumpcap comes with
# tshark and, other than tcpdump, does not insist on changing its user, which a user namespace refuses.
capture_start()
{
	capture_pids=()
	# `ip netns exec` itself, not in_ns: a function in the background would put a shell between
	# us and the process that we want to signal and wait for.
	ip netns exec "$wan" dumpcap -q -P -i out1 -s 300 -B 16 -w "$lab_dir/out.pcap" \
		2>"$lab_dir/dumpcap-out.log" &
	capture_pids+=($!)
	ip netns exec "$lan" dumpcap -q -P -i in1 -s 300 -B 16 -w "$lab_dir/in.pcap" \
		2>"$lab_dir/dumpcap-in.log" &
	capture_pids+=($!)
	await 5 '^File:' "$lab_dir/dumpcap-out.log" >/dev/null
	await 5 '^File:' "$lab_dir/dumpcap-in.log" >/dev/null
}

capture_stop()
{
	local pid
	sleep 0.3 # what is still on its way through the kernel
	for pid in "${capture_pids[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	capture_pids=()
}

# Count the frames of out.pcap that adit sent and that match a display filter of tshark.
sent_by_adit() # FILTER
{
	tshark -n -r "$lab_dir/out.pcap" -Y "eth.src == $out_mac && ($1)" >"$lab_dir/filtered" \
		2>"$lab_dir/tshark.err" || {
		cat "$lab_dir/tshark.err" >&2
		return 1
	}
	wc -l <"$lab_dir/filtered"
}

# ---------------------------------------------------------------- adit

# The configuration of the lab with a socket of its own, and what the caller wants otherwise, in
# the words of the configuration: "ppp = { lcp_echo_interval_s = 2; };", in the place of the group of that
# name. LAB_CONFIG: another file of config/; LAB_WORKERS: their CPUs; LAB_USERS: more users, each with the
# comma after it; LAB_EDIT: what sed does beside.
adit_config() # [GROUP]...
{
	local group
	local -a without=()
	for group; do
		without+=(-e "/^${group%%[ =]*} = \{/,/^\};/d")
	done
	printf '%s\n' "${LAB_USERS:-}" >"$lab_dir/users"
	sed -E "${without[@]}" -e "/^users = \(/r $lab_dir/users" \
		-e "s|^(\s*socket\s*=\s*)\"[^\"]*\"|\1\"$lab_dir/adit.sock\"|" \
		-e "s|^(\s*workers\s*=\s*)\[.*\]|\1[${LAB_WORKERS:-1}]|" \
		-e "${LAB_EDIT:-}" \
		"$top/config/${LAB_CONFIG:-lab.cfg}" >"$lab_dir/adit.cfg"
	printf '%s\n' "$@" >>"$lab_dir/adit.cfg"
	chmod 640 "$lab_dir/adit.cfg"
}

# It serves, or it has ended.
adit_is_decided()
{
	grep -q 'event=ready' "$lab_dir/adit.log" || ! kill -0 "$adit_pid"
}

adit_start()
{
	[ -x "$adit" ] || {
		fail "no $adit: build it first"
		return 1
	}
	[ -e "$lab_dir/adit.cfg" ] || adit_config
	: >"$lab_dir/adit.log" # here, or the line of the last run would be taken for this one's
	ip netns exec "$box" "$adit" -c "$lab_dir/adit.cfg" >>"$lab_dir/adit.log" 2>&1 &
	adit_pid=$!
	await_true 30 adit_is_decided
	grep -q 'event=ready' "$lab_dir/adit.log" || {
		fail "adit did not start: $(tail -n 3 "$lab_dir/adit.log")"
		return 1
	}
	await_true 5 ctl show version
}

ctl()
{
	in_ns "$box" "$aditctl" -s "$lab_dir/adit.sock" "$@"
}

# What a Python expression makes of an answer in JSON, which it knows as `a`.
ask() # EXPRESSION WORD...
{
	local expression=$1
	shift
	ctl --json "$@" | python3 -c "import json, sys; a = json.load(sys.stdin); print($expression)"
}

session_count()
{
	ask 'len(a["sessions"])' show sessions
}

session_of() # USER
{
	ask "next(s['id'] for s in a['sessions'] if s['user'] == '$1')" show sessions
}

pool_size()
{
	ask 'sum(p["addresses"] for p in a["pools"])' show pool
}

pool_free()
{
	ask 'sum(p["free"] for p in a["pools"])' show pool
}

pool_has() # N free addresses
{
	test "$(pool_free)" = "$1"
}

drop_count()
{
	ask 'sum(d["drops"] for d in a["drops"])' show counters
}

# SIGTERM; it must be gone in 5 s with status 0.
adit_stop()
{
	local start=$EPOCHREALTIME status=0 left=70
	kill -TERM "$adit_pid"
	while ((left-- > 0)) && kill -0 "$adit_pid" 2>/dev/null; do
		sleep 0.1
	done
	if kill -0 "$adit_pid" 2>/dev/null; then
		kill -KILL "$adit_pid"
		wait "$adit_pid" 2>/dev/null || true
		adit_pid=
		fail "adit still ran 7 s after SIGTERM"
		return 1
	fi
	wait "$adit_pid" || status=$?
	adit_pid=
	adit_stop_ms=$((${EPOCHREALTIME/./} / 1000 - ${start/./} / 1000))
	((status == 0)) || fail "adit ended with status $status"
}

# ---------------------------------------------------------------- the guest

# Boots it with its console in files, so that it can also outlive this shell; guest_wait waits
# until it listens.
guest_boot()
{
	mkfifo "$lab_dir/guest.in"
	: >"$lab_dir/guest.out"
	ip netns exec "$wan" sleep infinity >"$lab_dir/guest.in" & # holds the console open
	"$here/guest" run --netns "$lab_guest_ns" "${lab_guest_options[@]}" --logdir "$lab_dir" \
		--timeout "${GUEST_TIMEOUT:-200}" <"$lab_dir/guest.in" >"$lab_dir/guest.out" \
		2>"$lab_dir/guest.err" &
	guest_pid=$!
	# On a busy machine user-mode Linux now and then misses the wake-up for a frame and reads it
	# together with the next one, a second later if the next is a retransmission. These make one come soon.
	ip netns exec "$lab_guest_ns" ping -q -i 0.05 "${lab_guest_options[3]%/*}" >/dev/null 2>&1 &
	exec {guest_fd}<"$lab_dir/guest.out"
}

guest_wait()
{
	guest_until 30 '@ready' >/dev/null
}

# Prints what the guest says until a line that begins with WORD; its status is the number there.
guest_until() # SECONDS WORD
{
	local deadline=$((SECONDS + $1)) line='' part
	while ((SECONDS <= deadline)); do
		if ! IFS= read -r part <&"$guest_fd"; then
			line+=$part
			kill -0 "$guest_pid" 2>/dev/null || {
				fail "the guest has ended: $(cat "$lab_dir/guest.err")"
				return 1
			}
			sleep 0.02
			continue
		fi
		line+=$part
		case $line in
		"@done "*) return "${line#@done }" ;;
		"$2"*) return 0 ;;
		esac
		printf '%s\n' "$line"
		line=
	done
	fail "the guest gave no answer in $1 s"
}

# Run a command of guest-init in the guest; prints its output, returns its status.
guest() # COMMAND [SECONDS]
{
	echo "> $1" >>"$lab_dir/guest.log"
	printf '%s\n' "$1" >"$lab_dir/guest.in"
	guest_until "${2:-30}" '@done' | tee -a "$lab_dir/guest.log"
	return "${PIPESTATUS[0]}"
}

# An iperf3 server on the host behind adit.
serve_iperf() # PORT
{
	ip netns exec "$lan" iperf3 -s -p "$1" --forceflush >"$lab_dir/iperf3.$1.log" 2>&1 &
	await 5 listening "$lab_dir/iperf3.$1.log" >/dev/null
}

# ---------------------------------------------------------------- for people

# What is up, how to use it and how to end it.
lab_describe()
{
	cat <<-TEXT

		The lab is up (ID $lab_id). Logs: $lab_dir

		  the server        $server in namespace $box; users test/test, u1/p1 ... u9/p9
		  its log           tail -f $lab_dir/adit.log
		  ask it            ip netns exec $box $aditctl -s $lab_dir/adit.sock show sessions
		  dial in           $here/guest run --netns $lab_guest_ns ${lab_guest_options[*]/198.18.0.10/198.18.0.30}
		                    then type: dial 1 u1 p1; up 1; pings 1 $lan_host 3 56 1372
		  your own client   in namespace $wan, or in any guest on its bridge br0 (198.18.0.0/24)
		  behind the server ip netns exec $lan ping CLIENT'S-INNER-ADDRESS
	TEXT
}
