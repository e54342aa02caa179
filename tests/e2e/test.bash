# SPDX-License-Identifier: BSD-3-Clause
#
# What every end-to-end test does alike. A test sources this, calls test_start, does its checks and
# calls test_finish. Exit status: 0 passed, 77 skipped (with the reason), anything else failed.
set -eEuo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lab.bash"

test_name=$(basename "$0")
test_clock=$SECONDS

lab_privileges "$0" "$@"
lab_dir=${ADIT_LOGS:-$(mktemp -d "${TMPDIR:-/tmp}/adit-lab.XXXXXX")}
mkdir -p "$lab_dir"
trap test_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Build the world, start adit and boot the guest. Arguments after the first are for adit_config.
test_start() # plain|nat [GROUP]...
{
	local kind=$1
	shift
	lab_up "$kind"
	echo "$test_name: logs and captures in $lab_dir"
	adit_config "$@"
	capture_start
	guest_boot
	adit_start
	guest_wait
}

# Stop adit as an operator does, and read what it sent. A test in which nothing crosses the inside
# port says so.
test_finish() # [outside-only]
{
	check "adit stops within 5 s of SIGTERM with status 0" adit_stop
	check "the stop took ${adit_stop_ms:-?} ms" test "$adit_stop_ms" -le 5000
	capture_stop
	show "$here/check-capture" "$lab_dir/out.pcap" "$out_mac"
	if [ "${1:-}" != outside-only ]; then
		show "$here/check-capture" "$lab_dir/in.pcap" "$in_mac"
	fi
	check "adit logged no internal error" not \
		grep -E 'event=(internal|lane-stalled|no-resource)' "$lab_dir/adit.log"
}

not() # COMMAND...
{
	! "$@"
}

# Run COMMAND quietly; it must succeed.
check() # WHAT COMMAND...
{
	local what=$1
	shift
	if "$@" >"$lab_dir/check.out" 2>&1; then
		echo "  ok      $what"
	else
		echo "  FAILED  $what ($*)"
		sed 's/^/          /' "$lab_dir/check.out"
		exit 1
	fi
}

# Run COMMAND and show what it prints; it must succeed.
show() # COMMAND...
{
	if ! "$@" >"$lab_dir/show.out" 2>&1; then
		sed 's/^/          /' "$lab_dir/show.out"
		echo "  FAILED  $*"
		exit 1
	fi
	sed 's/^/  ok      /' "$lab_dir/show.out"
}

same() # WHAT EXPECTED ACTUAL
{
	check "$1: $3" test "$2" = "$3"
}

# An event of adit must come; prints it. The line is then in $event.
event() # SECONDS PATTERN
{
	if ! event=$(await "$1" "$2" "$lab_dir/adit.log"); then
		echo "  FAILED  no event '$2'"
		exit 1
	fi
	echo "  event   ${event#* event=}"
}

test_exit()
{
	local status=$?
	trap - EXIT
	set +eE
	if ((status != 0 && status != 77)); then
		local file
		for file in adit.log guest.log ppp.1.log guest.err; do
			[ -s "$lab_dir/$file" ] || continue
			echo "---- the end of $file"
			tail -n 25 "$lab_dir/$file"
		done
		echo "---- all of it: $lab_dir"
	fi
	[ -z "${lab_id:-}" ] || lab_down 2>/dev/null
	case $status in
	0)
		[ -n "${ADIT_LOGS:-}" ] || rm -rf "$lab_dir"
		echo "$test_name: passed in $((SECONDS - test_clock)) s"
		;;
	77)
		rm -rf "$lab_dir"
		echo "$test_name: skipped"
		;;
	*) echo "$test_name: FAILED after $((SECONDS - test_clock)) s" ;;
	esac
	exit "$status"
}
