# SPDX-License-Identifier: BSD-3-Clause
#
# FreeRADIUS 3 of Debian out of a folder of the test, on loopback in adit's namespace. Sourced after test.bash.
#
#   radius_start one                     127.0.0.1:1812 and 1813, secret testing123
#   radius_start two port=2812           2812 and 2813
#   radius_start one secret=other        another secret
#   radius_start one require=no          requests may be without Message-Authenticator
#   radius_start one forge=yes           answers are without Message-Authenticator
#   radius_start one tls=2083            RADIUS over TLS too; $lab_dir/radius.one/ca.pem vouches for it
#   radius_stop one                      ends it; its folder stays, and a later start goes on with it
#   radius_kill one                      at once, without a word
#
# The folder is $lab_dir/radius.NAME: `log`, `detail` (every accounting record), `acct.log` (one line each). Before the
# start $radius_users (text in the form of FreeRADIUS's `users`) may say more of users; it comes first.
#   radius_forge race 1812               a forger between adit, who asks 3815, and the server at 1812: radius_forger.py
#   radius_forge_stop
#
# Run outside a lab, in the caller's own namespace: radius_ns= radius_start ...

radius_bin=$(command -v freeradius || echo /usr/sbin/freeradius)

# test/test and u1/p1 ... u9/p9 as in config/lab.cfg, and one for each thing that an answer may say.
radius_write_users()
{
	cat <<-'USERS'
		test    Cleartext-Password := "test"
		        Class = 0x636c6173732d6f6e65
		hashed  NT-Password := 0x8846f7eaee8fb117ad06bdd830b7586c
		static  Cleartext-Password := "static"
		        Framed-IP-Address = 10.30.9.5, Framed-IP-Netmask = 255.255.255.255,
		        MS-Primary-DNS-Server = 10.20.0.53, MS-Secondary-DNS-Server = 10.20.0.54
		short   Cleartext-Password := "short"
		        Session-Timeout = 10
		idle    Cleartext-Password := "idle"
		        Idle-Timeout = 5
		slow    Cleartext-Password := "slow"
		        Mikrotik-Rate-Limit = "512k/1M"
		expired  Cleartext-Password := "expired", SMB-Account-CTRL-TEXT := "[Ue]"
		disabled Cleartext-Password := "disabled", SMB-Account-CTRL-TEXT := "[UD]"
		keyless Cleartext-Password := "keyless"
		banned  Auth-Type := Reject
		        Reply-Message = "go away"
		asked   Auth-Type := Challenge
		strong  Cleartext-Password := "strong"
		DEFAULT User-Name =~ "^user[0-9]+$", Cleartext-Password := "%{User-Name}"
	USERS
	local i
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "u$i Cleartext-Password := \"p$i\""
	done
}

radius_write_config() # DIR PORT SECRET REQUIRE FORGE
{
	cat <<-CONFIG
		prefix = $1
		raddbdir = $1
		logdir = $1
		run_dir = $1
		libdir = /usr/lib/freeradius
		name = radius
		pidfile = $1/pid
		max_request_time = 10
		cleanup_delay = 2
		max_requests = 16384
		hostname_lookups = no
		log {
			destination = files
			file = $1/log
			auth = yes
		}
		security {
			max_attributes = 200
			reject_delay = 0
			status_server = yes
			allow_vulnerable_openssl = yes
		}
		proxy_requests = no
		thread pool {
			start_servers = 2
			max_servers = 4
			min_spare_servers = 1
			max_spare_servers = 3
			max_requests_per_server = 0
		}
		client all {
			ipaddr = 0.0.0.0/0
			secret = $3
			require_message_authenticator = $4
			limit {
				max_connections = 0
			}
		}
		modules {
			pap {
			}
			chap {
			}
			mschap {
				use_mppe = yes
				require_encryption = yes
				require_strong = no
				with_ntdomain_hack = yes
				allow_retry = yes
				retry_msg = "Access denied"
			}
			files {
				usersfile = $1/users
				key = "%{%{Stripped-User-Name}:-%{User-Name}}"
			}
			detail {
				filename = $1/detail
				header = "%t"
				permissions = 0600
				log_packet_header = yes
			}
			linelog {
				filename = $1/acct.log
				permissions = 0600
				format = "%S %{Acct-Status-Type} user=%{User-Name} sid=%{Acct-Session-Id} nas=%{NAS-IP-Address} ip=%{Framed-IP-Address} calling=%{Calling-Station-Id} time=%{Acct-Session-Time} in=%{Acct-Input-Octets}/%{Acct-Input-Gigawords}/%{Acct-Input-Packets} out=%{Acct-Output-Octets}/%{Acct-Output-Gigawords}/%{Acct-Output-Packets} cause=%{Acct-Terminate-Cause} class=%{Class} delay=%{Acct-Delay-Time}"
			}
			always ok {
				rcode = ok
			}
		}
		server default {
			listen {
				type = auth
				ipaddr = 127.0.0.1
				port = $2
			}
			listen {
				type = acct
				ipaddr = 127.0.0.1
				port = $(($2 + 1))
			}
			authorize {
				chap
				mschap
				files
				pap
			}
			authenticate {
				Auth-Type PAP {
					pap
				}
				Auth-Type CHAP {
					chap
				}
				Auth-Type MS-CHAP {
					mschap
				}
				Auth-Type Challenge {
					update reply {
						Reply-Message := "what is the second word"
						State := 0x61646974
					}
					update control {
						Response-Packet-Type := Access-Challenge
					}
					ok
				}
			}
			preacct {
				ok
			}
			accounting {
				detail
				linelog
				ok
			}
			post-auth {
				if (&User-Name == "strong") {
					update reply {
						&MS-MPPE-Encryption-Types := 4
					}
				}
				if (&User-Name == "keyless") {
					update reply {
						&MS-MPPE-Send-Key !* ANY
						&MS-MPPE-Recv-Key !* ANY
					}
				}
				$([ "$5" = yes ] || echo 'update reply { Message-Authenticator := 0x00 }')
				ok
				Post-Auth-Type REJECT {
					$([ "$5" = yes ] || echo 'update reply { Message-Authenticator := 0x00 }')
					ok
				}
				Post-Auth-Type Challenge {
					$([ "$5" = yes ] || echo 'update reply { Message-Authenticator := 0x00 }')
					ok
				}
			}
		}
	CONFIG
}

# A certificate for 127.0.0.1, signed by one that is made for it.
radius_write_certificates() # DIR
{
	local -a new=(openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
	"${new[@]}" -x509 -days 2 -subj /CN=adit-test-ca -keyout "$1/ca.key" -out "$1/ca.pem" &&
		"${new[@]}" -subj /CN=radius -keyout "$1/server.key" -out "$1/server.csr" &&
		openssl x509 -req -days 2 -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial \
			-extfile <(echo subjectAltName=IP:127.0.0.1) -out "$1/server.pem"
}

# RFC 6614, for radiusd.conf.
radius_write_tls() # DIR PORT
{
	cat <<-CONFIG
		clients radsec {
			client all {
				ipaddr = 127.0.0.1
				proto = tls
				secret = radsec
			}
		}
		listen {
			type = auth+acct
			ipaddr = 127.0.0.1
			port = $2
			proto = tcp
			clients = radsec
			virtual_server = default
			tls {
				private_key_file = $1/server.key
				certificate_file = $1/server.pem
				ca_file = $1/ca.pem
				require_client_cert = no
			}
		}
	CONFIG
}

# It answers, or it has ended.
radius_is_decided() # DIR
{
	grep -q 'Ready to process requests' "$1/log" 2>/dev/null || ! kill -0 "$(cat "$1/started")"
}

radius_start() # NAME [port=P] [secret=S] [require=yes|no] [forge=yes|no] [tls=P]
{
	local name=$1 port=1812 secret=testing123 require=yes forge=no tls= dir=$lab_dir/radius.$1 word
	local -a ns=()
	shift
	for word; do
		case $word in
		port=*) port=${word#*=} ;;
		secret=*) secret=${word#*=} ;;
		require=*) require=${word#*=} ;;
		forge=*) forge=${word#*=} ;;
		tls=*) tls=${word#*=} ;;
		*) fail "radius_start: what is $word?" && return 1 ;;
		esac
	done
	[ -x "$radius_bin" ] || {
		fail "no FreeRADIUS: run tools/install-deps"
		return 1
	}
	mkdir -p "$dir"
	radius_write_config "$dir" "$port" "$secret" "$require" "$forge" >"$dir/radiusd.conf"
	if [ -n "$tls" ]; then
		[ -e "$dir/server.pem" ] || radius_write_certificates "$dir" >"$dir/openssl.log" 2>&1 || {
			fail "openssl: $(tail -n 3 "$dir/openssl.log")"
			return 1
		}
		radius_write_tls "$dir" "$tls" >>"$dir/radiusd.conf"
	fi
	{
		printf '%s\n' "${radius_users:-}"
		radius_write_users
	} >"$dir/users"
	echo '$INCLUDE /usr/share/freeradius/dictionary' >"$dir/dictionary"
	chmod -R go-w "$dir" # it reads no file that others may write
	: >"$dir/log"
	[ -z "${radius_ns-$box}" ] || ns=(ip netns exec "${radius_ns-$box}")
	"${ns[@]}" "$radius_bin" -f -d "$dir" -n radiusd >"$dir/out" 2>&1 &
	echo $! >"$dir/started"
	await_true 10 radius_is_decided "$dir"
	grep -q 'Ready to process requests' "$dir/log" || {
		fail "FreeRADIUS did not start: $(tail -n 5 "$dir/log" "$dir/out")"
		return 1
	}
}

radius_signal() # SIGNAL NAME
{
	local pid
	pid=$(cat "$lab_dir/radius.$2/started")
	kill "-$1" "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

radius_stop() # NAME
{
	radius_signal TERM "$1"
}

radius_kill() # NAME
{
	radius_signal KILL "$1"
}

radius_forge() # HOW SERVER-PORT [SECRET]
{
	local port
	case $1 in
	strip) port=3812 ;;
	authenticator) port=3813 ;;
	flip) port=3814 ;;
	race) port=3815 ;;
	esac
	ip netns exec "$box" "$here/radius_forger.py" "$port" "$2" "${3:-testing123}" "$1" >"$lab_dir/forger.$1.log" 2>&1 &
	radius_forgers="${radius_forgers:-} $!"
	await_true 10 grep -q ready "$lab_dir/forger.$1.log"
}

radius_forge_stop()
{
	# shellcheck disable=SC2086
	kill $radius_forgers 2>/dev/null || true
	# shellcheck disable=SC2086
	wait $radius_forgers 2>/dev/null || true
	radius_forgers=
}
