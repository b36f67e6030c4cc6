# http.bash - a site, and the model's httpd that serves it in a lab network
# (loaded by bats files, after lab.bash)
# shellcheck shell=bash

setup_file() {
	make_site "$BATS_FILE_TMPDIR/site"
	export SITE
}

setup() {
	own_state
	T=$BATS_TEST_TMPDIR
	export T
	[[ -x $BUILD/solution/httpd ]] || skip "the model answer is not here"
}

# The site that all tests of a file share, in $SITE; its files are old, so that
# none changes in the second in which it is served (RFC 9110, section 8.8.2.2).
make_site() { # FOLDER
	SITE=$1
	mkdir -p "$SITE/deep/deeper"
	cp "$ROOT"/tests/self/http/* "$SITE/"
	seq 1000 >"$SITE/numbers.txt"
	seq 400000 >"$SITE/large.txt"
	: >"$SITE/empty.txt"
	echo 'a space, a plus and a percent' >"$SITE/a b+c%d.txt"
	printf '<a href="deeper/">deeper</a>\n' >"$SITE/deep/index.html"
	printf '<a href="../../numbers.txt">up</a>\n<a href="end.txt">end</a>\n' \
		>"$SITE/deep/deeper/index.html"
	echo end >"$SITE/deep/deeper/end.txt"
	printf 'P3 1 1 255 192 96 0\n' | pnmtopng >"$SITE/image.png" \
		2>/dev/null || echo 'no image' >"$SITE/image.png"
	find "$SITE" -exec touch -d '2020-02-02 02:02:02 UTC' {} +
}

# What SCRIPT says and makes in the folder $T, on the client, while httpd serves
# $SITE on port 8080 of the server. OPTION... are portlab's.
browse() { # SCRIPT [OPTION...]
	cat >"$T/browse" <<-END
		set -eu
		cd "$T"
		"$BUILD/lab/labns" host server "$BUILD/solution/httpd" -v "$SITE" \
			>/dev/null 2>"$T/log" </dev/null &
		httpd=\$!
		"$BUILD/lab/labns" host server "$BUILD/lab/await" listen 8080 \
			"\$httpd" 60000 >/dev/null
		$1
	END
	shift
	run timeout -k 5 600 "$PORTLAB" run client "$@" -- bash "$T/browse" \
		3>&- 4>&-
	# shellcheck disable=SC2154 # run sets it
	printf '%s\n' "$output" "--- httpd:"
	cat "$T/log" 2>/dev/null || true
}
