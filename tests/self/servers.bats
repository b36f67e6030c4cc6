#!/usr/bin/env bats
# servers.bats - stock HTTP servers, graded by lab 05: each loses just the points
# that the last table of labs/05-http/README.md says, and no others. A row of it
# is | NAME VERSION | N of M | why, with each `check` that has cost a point |.
# `make programs` first.

load lab

TABLE=$ROOT/labs/05-http/README.md
GRADE_S=700

setup() {
	own_state
	# Also who root becomes within a jail may go there.
	FOLDER=$(mktemp -d)
	chmod 755 "$FOLDER"
	cp "$ROOT/tests/05-http/commands/"* "$FOLDER/"
	chmod 644 "$FOLDER"/*
	cd "$FOLDER" || return
}

teardown() {
	cd / && rm -rf "$FOLDER"
}

# Another version than that of the table may lose other points.
needs() { # NAME VERSION
	[[ -n $2 ]] || skip "$1 is not installed"
	grep -qF "| $1 $2" "$TABLE" ||
		skip "$1 $2 is here, and the table of lab 05 has another one"
}

# The command is graded, and the table's row of NAME tells what comes out.
scores() { # NAME COMMAND
	local status=0
	timeout "$GRADE_S" "$PORTLAB" check 05 --program "httpd=$2" \
		--seed 4711 --keep "$FOLDER/kept" >transcript 2>&1 || status=$?
	[[ $status == 0 || $status == 1 ]] || cat transcript
	[[ $status == 0 || $status == 1 ]]
	echo "| $1 | $(points) | $(lost | sed 's/.*/`&`/' | paste -sd ' ') |"
	diff <(lost) <(row "$1" | grep -o '`[a-z0-9-]*`' | tr -d '`' | sort)
	row "$1" | grep -qF "| $(points) |"
}

points() {
	awk -F '\t' '{ got += $3; all += $4 } END { print got " of " all }' \
		kept/results.tsv
}

# The checks that have cost a point.
lost() {
	awk -F '\t' '$3 < $4 { print $1 }' kept/results.tsv | sort
}

row() { # NAME
	grep "^| $1 " "$TABLE"
}

@test "nginx" {
	needs nginx "$(nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')"
	scores nginx 'sh nginx.sh {port} {dir} {idle}'
}

@test "lighttpd" {
	needs lighttpd \
		"$(lighttpd -v 2>&1 | sed -n 's|.*lighttpd/\([0-9.]*\).*|\1|p')"
	scores lighttpd 'sh lighttpd.sh {port} {dir} {idle}'
}

@test "python3 -m http.server" {
	local python=/usr/bin/python3
	needs 'python3 -m http.server' \
		"$($python --version 2>&1 | sed -n 's/^Python //p')"
	scores 'python3 -m http.server' \
		"$python -m http.server --bind :: --directory {dir} {port}"
}

@test "busybox httpd" {
	needs 'busybox httpd' \
		"$(busybox 2>&1 | sed -n 's/^BusyBox v\([0-9.]*\).*/\1/p')"
	scores 'busybox httpd' 'busybox httpd -f -p {port} -h {dir}'
}
