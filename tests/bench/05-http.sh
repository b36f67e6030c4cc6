#!/usr/bin/env bash
# 05-http - lab 05's model answer beside nginx (one worker, no log, sendfile,
# keep-alive), lighttpd, darkhttpd where it is installed, and a ceiling: a server
# that answers all with the same bytes. wrk asks; server and wrk have a core
# each, and a host of the lab network with nobody else on it.
#
# Of each load each server has RUNS runs, in turns with the others, and the
# medians are shown: requests a second; processor time of the server for each
# request, which other programs on the machine disturb least; and the 99th
# percentile of the time that an answer takes. Then 10,000 open connections, the
# memory of it all, and what the server does all the time: system calls.
#
# Usage: make bench [RUNS=3] [RUN_S=3]
# Exit status: 1 when a goal is missed.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly HTTPD=$BUILD/solution/httpd
readonly CROWD=10000
readonly LOADS='small-64 small-1000 large-64 close-64'

RUNS=${RUNS:-3}
RUN_S=${RUN_S:-3}
[[ $RUNS =~ ^[1-9][0-9]?$ ]] || say_usage "RUNS=$RUNS is no number of runs"
[[ $RUN_S =~ ^[1-9][0-9]?$ ]] || say_usage "RUN_S=$RUN_S is no number of seconds"

declare -A PIDS=() PORTS=()
SERVERS=()
MISSED=0

main() {
	echo 'HTTP servers, one core each'
	if ! have wrk; then
		bench_gap wrk 'not installed (apt-get install wrk)'
	elif (($(nproc) < 2)); then
		bench_gap 'HTTP servers' 'need two cores: one for the server, one for wrk'
	else
		TMP=$(mktemp -d)
		chmod 755 "$TMP"
		# With its own pids, so that whatever happens nothing is left.
		"$LABDIR/portlab" run server -- "$0" --inside "$TMP" </dev/null || MISSED=1
		rm -rf "$TMP"
	fi
	return "$MISSED"
}

# --- inside ------------------------------------------------------------------

inside() { # TMP
	TMP=$1
	ulimit -n "$(ulimit -Hn)"
	cores
	site
	servers
	local load
	for load in $LOADS; do
		measure "$load"
	done
	crowd
	calls
	goals
	end_servers
	return "$MISSED"
}

# The first two cores that we may have.
cores() {
	local -a list
	mapfile -t list < <(taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' |
		awk -F - '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')
	SERVER_CORE=${list[1]} WRK_CORE=${list[0]}
}

site() {
	mkdir -p "$TMP/site" "$TMP/state"
	printf '%099d\n' 0 >"$TMP/site/small.txt"
	head -c 102400 /dev/zero >"$TMP/site/large.bin"
	touch -d '2020-02-02 02:02:02' "$TMP"/site/*
	chmod -R a+rX "$TMP/site"
}

servers() {
	server ceiling 8001 "$BUILD/test/ceiling" 8001
	server httpd 8002 "$HTTPD" -p 8002 -t 600000 "$TMP/site"
	if have nginx; then
		nginx_conf >"$TMP/nginx.conf"
		server nginx 8003 nginx -c "$TMP/nginx.conf" -e "$TMP/state/nginx.err"
	else
		bench_gap nginx 'not installed (apt-get install nginx-light)'
	fi
	if have lighttpd; then
		lighttpd_conf >"$TMP/lighttpd.conf"
		server lighttpd 8004 lighttpd -D -f "$TMP/lighttpd.conf"
	else
		bench_gap lighttpd 'not installed (apt-get install lighttpd)'
	fi
	if have darkhttpd; then
		server darkhttpd 8005 darkhttpd "$TMP/site" --port 8005 \
			--maxconn 12000
	else
		bench_gap darkhttpd 'not installed (Debian 12 has none)'
	fi
}

# Start COMMAND and wait until it listens on PORT.
server() { # NAME PORT COMMAND...
	local name=$1 port=$2
	shift 2
	taskset -c "$SERVER_CORE" "$@" >"$TMP/$name.said" 2>&1 &
	PIDS[$name]=$!
	PORTS[$name]=$port
	"$BUILD/lab/await" listen "$port" "$!" 10000 >/dev/null ||
		die "$name: $(bench_why "$TMP/$name.said")"
	SERVERS+=("$name")
}

end_servers() {
	kill "${PIDS[@]}" 2>/dev/null || true
	wait || true
}

nginx_conf() {
	cat <<-END
		worker_processes 1;
		daemon off;
		master_process off;
		worker_rlimit_nofile $(ulimit -n);
		pid $TMP/state/nginx.pid;
		events { worker_connections 12000; }
		http {
			access_log off;
			sendfile on;
			keepalive_timeout 600;
			keepalive_requests 1000000000;
			default_type text/plain;
			client_body_temp_path $TMP/state/body;
			proxy_temp_path $TMP/state/proxy;
			fastcgi_temp_path $TMP/state/fastcgi;
			uwsgi_temp_path $TMP/state/uwsgi;
			scgi_temp_path $TMP/state/scgi;
			server { listen 8003 backlog=4096; root $TMP/site; }
		}
	END
}

# It wants two descriptors a connection.
lighttpd_conf() {
	cat <<-END
		server.document-root = "$TMP/site"
		server.port = 8004
		server.max-fds = $(ulimit -n)
		server.max-connections = $(($(ulimit -n) / 2))
		server.listen-backlog = 4096
		server.max-keep-alive-requests = 1000000000
		server.max-keep-alive-idle = 600
		mimetype.assign = ("" => "text/plain")
	END
}

# --- loads -------------------------------------------------------------------

measure() { # LOAD
	local load=$1 name run
	echo
	printf '%-34s %9s %8s %9s %9s\n' "$(title "$load")" 'req/s' 'of most' \
		'CPU/req' '99 %'
	for ((run = 0; run < RUNS; run++)); do
		for name in "${SERVERS[@]}"; do
			[[ $name != ceiling || $load == small-* ]] || continue
			one "$load" "$name" >>"$TMP/$load.$name"
		done
	done
	for name in "${SERVERS[@]}"; do
		[[ -e $TMP/$load.$name ]] && row "$load" "$name"
	done
	return 0
}

title() { # LOAD
	case $1 in
	small-*) echo "100 bytes, ${1#*-} connections" ;;
	large-*) echo "100 KiB, ${1#*-} connections" ;;
	close-*) echo "100 bytes, a connection each, ${1#*-}" ;;
	esac
}

# Nanoseconds of processor time that NAME has used.
cpu() { # NAME
	cut -d ' ' -f 1 "/proc/${PIDS[$1]}/schedstat"
}

# One run: "REQUESTS-A-SECOND NS-A-REQUEST P99-US".
one() { # LOAD NAME
	local file=small.txt before
	local -a options=(-t 1 -c "${1#*-}" -d "$RUN_S" --latency)
	case $1 in
	large-*) file=large.bin ;;
	close-*) options+=(-H 'Connection: close') ;;
	esac
	before=$(cpu "$2")
	taskset -c "$WRK_CORE" wrk "${options[@]}" \
		"http://127.0.0.1:${PORTS[$2]}/$file" >"$TMP/wrk" 2>&1
	awk -v ns="$(($(cpu "$2") - before))" '
	function us(text) {
		return text * (text ~ /us$/ ? 1 : text ~ /ms$/ ? 1e3 : 1e6)
	}
	$1 == "99%" { p99 = us($2) }
	$2 == "requests" && $3 == "in" { n = $1 }
	$1 == "Requests/sec:" { rate = $2 }
	/Non-2xx/ { bad = 1 }
	END {
		if (bad || !n)
			exit 1
		printf "%d %d %d\n", rate, ns / n, p99
	}' "$TMP/wrk" || die "$2, $1: $(tail -n 2 "$TMP/wrk" | xargs)"
}

# The median of column COLUMN of what NAME has reached.
median() { # LOAD NAME COLUMN
	local found median
	read -r found median _ < <(cut -d ' ' -f "$3" "$TMP/$1.$2" | bench_sum)
	: "$found"
	echo "$median"
}

row() { # LOAD NAME
	local most=0 name rate
	for name in "${SERVERS[@]}"; do
		[[ -e $TMP/$1.$name ]] || continue
		rate=$(median "$1" "$name" 1)
		((rate <= most)) || most=$rate
	done
	awk -v name="$2" -v rate="$(median "$1" "$2" 1)" -v most="$most" \
		-v ns="$(median "$1" "$2" 2)" -v p99="$(median "$1" "$2" 3)" '
	BEGIN {
		printf "  %-32s %9d %8.2f %6.1f us %6.2f ms\n", name, rate,
			rate / most, ns / 1e3, p99 / 1e3
	}'
}

# --- 10,000 connections, and memory ------------------------------------------

crowd() {
	local name
	echo
	printf '%-34s %13s %9s %11s\n' "$CROWD connections are open" 'answered in' \
		'memory' 'peak of all'
	for name in "${SERVERS[@]}"; do
		crowd_of "$name"
	done
}

# Each of them asks once and stays; then all of them ask again, in turn.
crowd_of() { # NAME
	local port=${PORTS[$1]} start took
	if (($(ulimit -n) < CROWD * 2)); then
		bench_gap "$1" "only $(ulimit -n) descriptors here (ulimit -Hn)"
		return
	fi
	local get="\"GET /small.txt HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\""
	rm -f "$TMP/go"
	mkfifo "$TMP/go"
	: >"$TMP/told"
	taskset -c "$WRK_CORE" "$BUILD/test/probe" -t 60000 \
		"clients $CROWD c 127.0.0.1 $port" "each c forward send $get" \
		'each c forward answer GET 200' 'say open' 'wait-input' \
		"each c forward send $get" 'each c forward answer GET 200' \
		'say answered' 'wait-input' <>"$TMP/go" >"$TMP/told" 2>&1 &
	local pid=$!
	told open "$pid"
	start=${EPOCHREALTIME/[.,]/}
	echo >"$TMP/go"
	told answered "$pid"
	took=$((${EPOCHREALTIME/[.,]/} - start))
	awk -v name="$1" -v s="$took" -v rss="$(memory "$1" VmRSS)" \
		-v peak="$(memory "$1" VmHWM)" '
	BEGIN {
		printf "  %-32s %11.2f s %6.1f MB %8.1f MB\n", name, s / 1e6,
			rss / 1024, peak / 1024
	}'
	echo >"$TMP/go"
	wait "$pid" || true
}

told() { # WORD PID
	while ! grep -q "^$1$" "$TMP/told"; do
		kill -0 "$2" 2>/dev/null || die "probe: $(bench_why "$TMP/told")"
		read -r -t 0.02 <> <(:) || true
	done
}

# In KiB.
memory() { # NAME FIELD
	sed -n "s/^$2:[^0-9]*\\([0-9]*\\) kB/\\1/p" "/proc/${PIDS[$1]}/status"
}

# --- system calls ------------------------------------------------------------

# What each costs here, and how many of them httpd makes for a request, alone
# and among 64: then some of them are for all who ask in the same turn.
calls() {
	local log
	echo
	(cd "$TMP/site" &&
		taskset -c "$SERVER_CORE" "$BUILD/test/calls" small.txt) >"$TMP/calls"
	counts 1 >"$TMP/counts.1"
	counts 64 >"$TMP/counts.64"
	printf '%-34s %9s %11s %11s\n' 'system calls of httpd' 'each' \
		'1 client' '64 clients'
	awk '
	FNR == 1 { file++ }
	file == 1 { cost[$1] = $2; next }
	{ count[file, $1] = $2; if (!seen[$1]++) name[++n] = $1 }
	END {
		cost["epoll_pwait"] = cost["epoll_pwait-1"]
		for (i = 1; i <= n; i++) {
			ns = cost[name[i]] ? sprintf("%6.2f us", cost[name[i]] / 1e3) : ""
			printf "  %-32s %9s %11.2f %11.2f\n", name[i], ns,
				count[2, name[i]], count[3, name[i]]
		}
		printf "  %-32s %6.2f us\n", "(getppid, which does nothing)",
			cost["getppid"] / 1e3
		printf "  %-32s %6.2f us\n", "(recv, when there is nothing)",
			cost["recv-nothing"] / 1e3
		printf "  %-32s %6.2f us\n", "(epoll_pwait, 64 are ready)",
			cost["epoll_pwait-64"] / 1e3
		printf "  %-32s %6.2f us\n", "(epoll_ctl)", cost["epoll_ctl"] / 1e3
	}' "$TMP/calls" "$TMP/counts.1" "$TMP/counts.64"
}

# "CALL COUNT" for a request, the frequent ones, by strace.
counts() { # CONNECTIONS
	local pid
	if ! have strace; then
		bench_gap strace 'not installed' >&2
		return
	fi
	rm -f "$TMP/trace"
	strace -c -f -U calls,name -o "$TMP/trace" \
		"$HTTPD" -p 8006 -t 600000 "$TMP/site" >"$TMP/said" 2>&1 &
	pid=$!
	"$BUILD/lab/await" listen 8006 "$pid" 10000 >/dev/null ||
		die "strace: $(bench_why "$TMP/said")"
	wrk -t 1 -c "$1" -d 1 http://127.0.0.1:8006/small.txt >"$TMP/wrk"
	kill "$(cat "/proc/$pid/task/$pid/children")"
	wait "$pid" || true
	awk -v n="$(awk '$2 == "requests" { print $1 }' "$TMP/wrk")" '
	{ sub(/^recvfrom$/, "recv", $2); sub(/^sendto$/, "send", $2) }
	$1 ~ /^[0-9]+$/ && $2 != "total" && $1 / n >= 0.005 {
		sub(/^newfstatat$/, "fstat", $2)
		print $2, $1 / n
	}' "$TMP/trace" | sort -k 2,2nr -k 1,1
}

# --- goals -------------------------------------------------------------------

goal() { # TEXT CONDITION-OF-AWK
	if awk "BEGIN { exit !($2) }"; then
		echo "goal: $1: met"
	else
		echo "goal: $1: missed"
		MISSED=1
	fi
}

goals() {
	local load
	[[ -n ${PIDS[nginx]-} ]] || return 0
	echo
	for load in small-64 small-1000; do
		goal "$(title $load): 1.5 times nginx's requests a second" \
			"$(median $load httpd 1) >= 1.5 * $(median $load nginx 1)"
		goal "$(title $load): two thirds of nginx's CPU/req at most" \
			"1.5 * $(median $load httpd 2) <= $(median $load nginx 2)"
		goal "$(title $load): 99 % no later than nginx" \
			"$(median $load httpd 3) <= $(median $load nginx 3)"
	done
	for load in large-64 close-64; do
		goal "$(title $load): nginx's CPU/req at most" \
			"$(median $load httpd 2) <= $(median $load nginx 2)"
	done
	goal "nginx's peak of memory at most" \
		"$(memory httpd VmHWM) <= $(memory nginx VmHWM)"
}

if [[ ${1-} == --inside ]]; then
	shift
	inside "$@"
else
	main
fi
