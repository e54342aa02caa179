# SPDX-License-Identifier: BSD-3-Clause
#
# Tests that are tables: a line is a client, what it asks for and what must come of it. Sourced after
# test.bash.
#
#     server CONFIGURATION...      adit runs with these groups from now on; a guest is there
#     rows <<'ROWS'
#     name       | words of `dial`          | what adit says           | what pppd's log says
#     128        | mppe=128                 | up 128 stateless         | MPPE 128-bit stateless
#     no common  | auth=pap                 | down auth-no-common 734  | No common authentication
#     ROWS
#
# All rows of a table dial at once, row N as client N from an address of its own. `user=NAME` and
# `password=TEXT` among the words name another user than "test". The last column is an extended
# regular expression, `-` for none. With `up MPPE` the session is looked at from both ends and moves
# pings of several sizes both ways; with `down REASON [WINDOWS-ERROR]` adit must name just this cause,
# in its log and in its history. A row that fails lets the others go on; table_finish fails then.

n_rows=0
n_rows_failed=0
ping_sizes="0 1 8 56 576 1372"
ping_count=3
rows_tries=4

# adit_start truncates its log: what it said before is kept for test_finish and for people.
server() # GROUP...
{
	if [ -z "${lab_id:-}" ]; then
		test_start plain "$@"
	else
		check "adit stops" adit_stop
		cat "$lab_dir/adit.log" >>"$lab_dir/adit.before.log"
		adit_config "$@"
		check "adit starts with ${*:-its defaults}" adit_start
	fi
	table_free=$(pool_free)
}

address_of() # N
{
	echo "198.18.0.$((9 + $1))"
}

trim()
{
	local text=$1
	text=${text#"${text%%[![:space:]]*}"}
	echo "${text%"${text##*[![:space:]]}"}"
}

rows() # on stdin: the table
{
	local name client adit_says pppd_says n=0 i
	local -a names=() adit_expected=() pppd_expected=()
	local user password word words dial=
	log_from=$(($(wc -l <"$lab_dir/adit.log") + 1))
	while IFS='|' read -r name client adit_says pppd_says; do
		case $name in '' | '#'*) continue ;; esac
		n=$((n + 1))
		names[n]=$(trim "$name")
		adit_expected[n]=$(trim "$adit_says")
		pppd_expected[n]=$(trim "$pppd_says")
		user=test password=test words=
		for word in $client; do
			case $word in
			user=*) user=${word#user=} ;;
			password=*) password=${word#password=} ;;
			*) words="$words $word" ;;
			esac
		done
		dial="$dial dial $n '$user' '$password'$words;"
	done
	guest "$dial" >/dev/null || true
	guest "up_all $n" 60 >"$lab_dir/rows.up" || true
	rows_move "$n"
	for ((i = 1; i <= n; i++)); do
		row_result=
		row_look "$i" "${adit_expected[i]}" "${pppd_expected[i]}" || row_result="FAILED  "
		n_rows=$((n_rows + 1))
		if [ -n "$row_result" ]; then
			n_rows_failed=$((n_rows_failed + 1))
			echo "  FAILED  ${names[i]}: $row_why"
		else
			echo "  ok      ${names[i]}: $row_got"
		fi
	done
	guest "hang_all $n" 60 >"$lab_dir/rows.gone" || true
	check "all addresses are free again" await_true 10 pool_has "$table_free"
}

# Traffic of all clients that are up, at once: from the guest, and from behind adit. A client that lost a
# ping tries again: a guest on a busy host now and then loses a frame between its kernel and
# pptp-linux, while keys that are out of step lose them every time, and so does an adit that drops.
rows_move() # N
{
	local try losers=''
	for ((try = 1; try <= rows_tries; try++)); do
		rows_ping "$1" "$losers"
		losers=$(rows_losers "$1")
		[ -n "$losers" ] || return 0
		echo "  note    try $try, pings lost by client $losers; GRE numbers that adit missed: $(rows_missed "$losers")"
	done
}

rows_address() # N
{
	sed -n "s/^up n=$1 state=up .* local=\([^ ]*\).*/\1/p" "$lab_dir/rows.up"
}

# Whose pings are not all answered, in either direction.
rows_losers() # N
{
	local i address
	local -a losers=()
	for ((i = 1; i <= $1; i++)); do
		address=$(rows_address "$i")
		[ -n "$address" ] || continue
		[ "$(pings_from_guest "$i")" = "$(all_pings)" ] && [ "$(pings_to "$address")" = "$(all_pings)" ] ||
			losers+=("$i")
	done
	echo "${losers[*]}"
}

# All clients, or those of LIST again: their lines take the place of the old ones.
rows_ping() # N [LIST]
{
	local i address pid list=${2:-$(seq -s ' ' "$1")}
	local -a addresses=()
	if [ -z "${2:-}" ]; then
		: >"$lab_dir/rows.in"
		: >"$lab_dir/rows.out"
	fi
	for i in $list; do
		address=$(rows_address "$i")
		[ -n "$address" ] || continue
		addresses+=("$address")
		sed -i "/ to=$address /d" "$lab_dir/rows.in"
		sed -i "/^ping n=$i /d" "$lab_dir/rows.out"
	done
	((${#addresses[@]} > 0)) || return 0
	ip netns exec "$lan" python3 "$here/pings.py" $ping_count "${ping_sizes// /,}" "${addresses[@]}" \
		>"$lab_dir/rows.in.new" 2>&1 &
	pid=$!
	guest "pings_of '$list' $lan_host $ping_count $ping_sizes" 90 >>"$lab_dir/rows.out" || true
	wait "$pid" || true
	cat "$lab_dir/rows.in.new" >>"$lab_dir/rows.in"
}

all_pings()
{
	# shellcheck disable=SC2086
	set -- $ping_sizes
	echo "$((ping_count * $#)) of $((ping_count * $#))"
}

pings_to() # ADDRESS: sums of "sent" and "got" of what was sent from behind adit
{
	grep " to=$1 " "$lab_dir/rows.in" | sed -E 's/.*sent=([0-9]+) got=([0-9]+).*/\2 of \1/'
}

# Sums of "sent" and "got" among the answers of `pings`.
pings_from_guest() # N
{
	awk -v n="n=$1" '$1 == "ping" && $2 == n { split($4, s, "="); split($5, g, "="); sent += s[2]; got += g[2] }
		END { printf "%d of %d\n", got, sent }' "$lab_dir/rows.out"
}

row_log() # PATTERN: lines of adit's log of this table
{
	tail -n "+$log_from" "$lab_dir/adit.log" | grep -E -- "$1"
}

# pppd's log of its last call only.
pppd_log() # N
{
	awk '/^=== dial/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$lab_dir/ppp.$1.log"
}

# Sets row_got to what was measured, or row_why to what is wrong.
row_look() # N ADIT PPPD
{
	local n=$1 expected=$2 pppd=$3 address
	address=$(address_of "$n")
	row_got='' row_why=''
	case $expected in
	up\ *) row_is_up "$n" "$address" "${expected#up }" || return 1 ;;
	down\ *)
		# shellcheck disable=SC2086
		row_is_down "$n" "$address" ${expected#down } || return 1
		;;
	*)
		row_why="the table says '$expected'"
		return 1
		;;
	esac
	if [ "$pppd" != - ]; then
		if ! pppd_log "$n" | grep -qE -- "$pppd"; then
			row_why="pppd's log has no '$pppd'"
			return 1
		fi
		row_got="$row_got; pppd: $(pppd_log "$n" | grep -oE -m1 -- "$pppd")"
	fi
}

row_is_up() # N ADDRESS MPPE
{
	local n=$1 address=$2 mppe=$3 up in out want said shown dropped
	up=$(grep "^up n=$n " "$lab_dir/rows.up")
	case $up in
	*" state=up "*) ;;
	*)
		row_why="not up: ${up:-no answer}; $(row_log "event=(down|call-failed) .*client=$address:" | tail -n 1)"
		return 1
		;;
	esac
	said=$(row_log "event=up .*client=$address:" | field mppe)
	shown=$(ask "next((s['mppe'] for s in a['sessions'] if s['client'].startswith('$address:')), None)" show sessions)
	out=$(pings_from_guest "$n")
	in=$(pings_to "$(field local <<<"$up")")
	want=$(all_pings)
	row_got="up \"$shown\" in $(field ms <<<"$up") ms, pings $out out, $in in"
	if [ "$said" != "$mppe" ] || [ "$shown" != "$mppe" ]; then
		row_why="$row_got; the log says \"$said\", wanted \"$mppe\""
		return 1
	fi
	if [ "$out" != "$want" ] || [ "$in" != "$want" ]; then
		row_why="$row_got"
		return 1
	fi
	# Whatever a guest may lose: adit drops nothing of a client that is up.
	dropped=$(session_counter drops "$address")
	if [ "$dropped" != 0 ]; then
		row_why="$row_got; adit dropped $dropped of its packets: $(ctl show drops | tr '\n' ';')"
		return 1
	fi
}

session_counter() # NAME ADDRESS of the client
{
	local id
	id=$(ask "next((s['id'] for s in a['sessions'] if s['client'].startswith('$2:')), '')" show sessions)
	ask "a['counters']['$1']" show session "$id"
}

# What was lost before adit, of each client of LIST; what it counts of no client was lost behind it.
rows_missed() # LIST
{
	local i
	for i in $1; do
		echo "$(session_counter lost "$(address_of "$i")") of client $i"
	done | paste -sd ,
}

row_is_down() # N ADDRESS REASON [WINDOWS-ERROR]
{
	local n=$1 address=$2 reason=$3 error=${4:-} down got_reason got_error
	if grep -q "^up n=$n state=up" "$lab_dir/rows.up"; then
		row_why="came up: $(row_log "event=up .*client=$address:" | tail -n 1)"
		return 1
	fi
	await_true 5 row_log "event=(down|call-failed) .*client=$address:" 2>/dev/null || true
	down=$(row_log "event=(down|call-failed) .*client=$address:" | head -n 1)
	got_reason=$(field reason <<<"$down")
	got_error=$(field windows-error <<<"$down")
	row_got="down \"$got_reason\"${got_error:+, Windows error $got_error}, phase $(field phase <<<"$down")"
	if [ "$got_reason" != "$reason" ] || [ "$got_error" != "$error" ]; then
		row_why="${down:-adit logged no end of the call}; wanted $reason $error"
		return 1
	fi
	if ! ctl show history address "$address" | grep -qw -- "$reason"; then
		row_why="$row_got; not in the history"
		return 1
	fi
}

table_finish() # [outside-only]
{
	check "$n_rows rows, $n_rows_failed failed" test "$n_rows_failed" = 0
	test_finish "$@"
	[ ! -e "$lab_dir/adit.before.log" ] || check "nor did it before" not \
		grep -E 'event=(internal|lane-stalled|no-resource)' "$lab_dir/adit.before.log"
}
