#!/usr/bin/env bats
# http-clients.bats - programs that people use, as clients of lab 05's httpd,
# from the host client to the host server: curl, wget, and a browser whose
# picture of a page is looked at.

load lab
load http

U=http://server:8080

# --- curl --------------------------------------------------------------------

@test "curl: several files by one connection, each byte for byte" {
	needs curl
	browse "curl -sS -w '%{http_code} %{num_connects} %{http_version}\n' \
		-o 1 $U/numbers.txt -o 2 $U/large.txt -o 3 $U/empty.txt \
		-o 4 $U/a%20b+c%25d.txt -o 5 $U/none -o 6 $U/"
	[[ $status == 0 ]]
	diff <(printf '%s\n' '200 1 1.1' '200 0 1.1' '200 0 1.1' '200 0 1.1' \
		'404 0 1.1' '200 0 1.1') <(printf '%s\n' "$output")
	cmp "$T/1" "$SITE/numbers.txt"
	cmp "$T/2" "$SITE/large.txt"
	cmp "$T/3" "$SITE/empty.txt"
	cmp "$T/4" "$SITE/a b+c%d.txt"
	cmp "$T/6" "$SITE/index.html"
}

@test "curl: fifty at once over IPv4 and IPv6" {
	needs curl
	browse "curl -sS -4 -Z --parallel-immediate --parallel-max 50 \
		-o '4.#1' '$U/numbers.txt?[1-50]'
		curl -sS -6 -Z --parallel-immediate --parallel-max 50 \
		-o '6.#1' '$U/numbers.txt?[1-50]'"
	[[ $status == 0 ]]
	for n in {1..50}; do
		cmp "$T/4.$n" "$SITE/numbers.txt"
		cmp "$T/6.$n" "$SITE/numbers.txt"
	done
}

@test "curl -I: HEAD has the fields of GET and no body" {
	needs curl
	browse "curl -sS -D get -o body -w '%{num_connects}\n' $U/numbers.txt \
		--next -sS -I -o head -w '%{num_connects} %{size_download}\n' \
		$U/numbers.txt \
		--next -sS -o again -w '%{num_connects}\n' $U/numbers.txt"
	[[ $status == 0 && $output == $'1\n0 0\n0' ]]
	diff <(grep -vi '^date:' "$T/get") <(grep -vi '^date:' "$T/head")
	grep -qi "^content-length: $(stat -c %s "$SITE/numbers.txt")" "$T/head"
	grep -qi '^content-type: text/plain; *charset=utf-8' "$T/head"
	grep -qi '^last-modified: Sun, 02 Feb 2020 02:02:02 GMT' "$T/head"
	cmp "$T/again" "$SITE/numbers.txt"
}

@test "curl -0: HTTP/1.0, with and without keep-alive" {
	needs curl
	browse "curl -sS -0 -w '%{http_code} %{num_connects}\n' \
		-o 1 $U/numbers.txt -o 2 $U/numbers.txt
		curl -sS -0 -H 'Connection: keep-alive' \
		-w '%{http_code} %{num_connects}\n' \
		-o 3 $U/numbers.txt -o 4 $U/numbers.txt"
	[[ $status == 0 && $output == $'200 1\n200 1\n200 1\n200 0' ]]
	for n in 1 2 3 4; do
		cmp "$T/$n" "$SITE/numbers.txt"
	done
}

@test "curl -z: only if it has changed since" {
	needs curl
	browse "get() { curl -sS -o \$1 -w '%{http_code} %{size_download}\n' \
			-z \"\$2\" $U/numbers.txt; }
		get 1 'Sun, 02 Feb 2020 02:02:02 GMT'
		get 2 'Sun, 02 Feb 2020 02:02:01 GMT'
		curl -sS -R -o 3 $U/numbers.txt
		get 4 3"
	size=$(stat -c %s "$SITE/numbers.txt")
	[[ $status == 0 && $output == "304 0"$'\n'"200 $size"$'\n'"304 0" ]]
	[[ $(stat -c %Y "$T/3") == $(stat -c %Y "$SITE/numbers.txt") ]]
	# By httpd: curl would also drop what is not newer, whatever it is sent.
	[[ $(grep -c '" 304 [0-9-]*$' "$T/log") == 2 ]]
}

@test "curl -L: a folder without its slash, and its index.html" {
	needs curl
	browse "curl -sS -L -o page \
		-w '%{http_code} %{num_redirects} %{url_effective}\n' '$U/deep?a=b'
		curl -sS -o page2 -w '%{http_code}\n' $U/deep/deeper"
	[[ $status == 0 ]]
	[[ ${lines[0]} == "200 1 $U/deep/?a=b" && ${lines[1]} == 301 ]]
	cmp "$T/page" "$SITE/deep/index.html"
}

@test "curl -r: a range is ignored, the whole comes" {
	needs curl
	browse "curl -sS -r 0-9 -o whole -w '%{http_code}\n' $U/numbers.txt"
	[[ $status == 0 && $output == 200 ]]
	cmp "$T/whole" "$SITE/numbers.txt"
}

@test "curl -d and -T: no method but GET and HEAD, and the next is served" {
	needs curl
	browse "head -c 3000000 /dev/zero >upload
		curl -sS -d a=b -D post -o /dev/null -w '%{http_code}\n' \
		$U/numbers.txt --next -sS -o 1 -w '%{http_code}\n' $U/numbers.txt
		curl -sS -T upload -o /dev/null -w '%{http_code}\n' $U/new.txt
		curl -sS -T upload -H Expect: -o /dev/null -w '%{http_code}\n' \
		$U/new.txt || true
		curl -sS -T - -o /dev/null -w '%{http_code}\n' $U/new.txt <upload
		curl -sS -X BREW -o /dev/null -w '%{http_code}\n' $U/"
	[[ $status == 0 ]]
	[[ ${lines[0]} == 405 && ${lines[1]} == 200 && ${lines[-1]} == 501 ]]
	for n in 2 3 4; do
		[[ ${lines[n]} == 405 || ${lines[n]} == 413 ]]
	done
	grep -qix $'allow: GET, HEAD\r*' "$T/post"
	cmp "$T/1" "$SITE/numbers.txt"
	[[ ! -e $SITE/new.txt ]]
}

@test "curl --path-as-is: nothing from outside" {
	needs curl
	echo secret >"$BATS_FILE_TMPDIR/secret.txt"
	browse "for p in ../secret.txt %2e%2e/secret.txt ..%2fsecret.txt \
			deep/../../secret.txt deep/%2e%2e/.%2e/secret.txt \
			//..//secret.txt $BATS_FILE_TMPDIR/secret.txt; do
			curl -sS --path-as-is -w '%{http_code}\n' -o 1 $U/\$p
			! grep secret 1
		done"
	[[ $status == 0 && ${#lines[@]} -ge 7 && $output != *200* ]]
}

@test "by hand: three requests in one piece, three answers in their order" {
	needs socat
	browse "printf 'GET /%s HTTP/1.1\r\nHost: server\r\n%s\r\n' \
			numbers.txt '' none '' a%20b+c%25d.txt \$'Connection: close\r\n' |
			timeout 20 socat -t 20 - TCP:server:8080 >answers
		printf 'GET /numbers.txt HTTP/1.0\r\n\r\n' |
			timeout 20 socat -t 20 - TCP:server:8080 >old"
	[[ $status == 0 ]]
	diff <(printf '%s\n' 'HTTP/1.1 200 OK' 'HTTP/1.1 404 Not Found' \
		'HTTP/1.1 200 OK') <(tr -d '\r' <"$T/answers" | grep '^HTTP/')
	[[ $(tail -n 1 "$T/answers") == "$(<"$SITE/a b+c%d.txt")" ]]
	cmp <(sed '1,/^\r$/d' "$T/old") "$SITE/numbers.txt"
}

@test "curl, slowly, while httpd is told to end: it gets all" {
	needs curl
	# The first bytes have come when SIGTERM goes out.
	browse "mkfifo file
		curl -sS --limit-rate 2M -o file $U/large.txt &
		curl=\$!
		{ head -c 1; kill -TERM \$httpd; cat; } <file >whole
		wait \$curl
		wait \$httpd || echo \"status \$?\"
		curl -sS $U/ || echo refused"
	[[ $status == 0 && $output == *refused && $output != *status* ]]
	cmp "$T/whole" "$SITE/large.txt"
}

@test "the log is in Common Log Format, a line for each" {
	needs curl
	browse "curl -sS -4 -o 1 $U/numbers.txt -o 2 $U/none
		kill -TERM \$httpd; wait \$httpd"
	[[ $status == 0 ]]
	at='\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(:[0-9]{2}){3} [+-][0-9]{4}\]'
	grep -Ex "198\.51\.100\.10 - - $at \"GET /numbers.txt HTTP/1\.1\" 200 3893" \
		"$T/log"
	grep -Ex "198\.51\.100\.10 - - $at \"GET /none HTTP/1\.1\" 404 [0-9]+" \
		"$T/log"
}

# --- wget --------------------------------------------------------------------

@test "wget -r: a mirror of the tree" {
	needs wget
	browse "mkdir mirror; cd mirror
		wget -nv -r -l 5 -nH -e robots=off $U/ 2>../said || [ \$? = 8 ]"
	cat "$T/said"
	[[ $status == 0 ]]
	diff -r "$SITE" "$T/mirror"
	# Which it did not get is what the page names and the site has not.
	[[ $(grep -c 'ERROR 404' "$T/said") == 3 ]]
}

@test "wget -N: what it has already is not sent again" {
	needs wget
	# It knows by asking for what has changed, or by HEAD.
	browse "get() { wget -nv -N \"\$@\" $U/numbers.txt $U/large.txt; }
		get
		touch -d '2019-01-01' numbers.txt
		get
		touch -d '2019-01-01' numbers.txt
		get --no-if-modified-since"
	[[ $status == 0 ]]
	cmp "$T/numbers.txt" "$SITE/numbers.txt"
	cmp "$T/large.txt" "$SITE/large.txt"
	diff - <(sed 's,.*"\([A-Z]*\) /\([a-z]*\)[^"]*",\1 \2,; s/ [0-9-]*$//; 1d' \
		"$T/log") <<-END
		GET numbers 200
		GET large 200
		GET numbers 200
		GET large 304
		HEAD numbers 200
		GET numbers 200
		HEAD large 200
	END
}

# --- a browser ---------------------------------------------------------------

chromium_name() {
	local name
	for name in chromium chromium-browser google-chrome; do
		if "$name" --version >/dev/null 2>&1; then
			echo "$name"
			return
		fi
	done
	return 1
}

# A picture of PAGE, in PAGE.png.
photograph() { # PAGE
	cat <<-END
		timeout -k 5 250 $CHROMIUM --headless --no-sandbox --disable-gpu \
			--disable-quic --no-first-run --disable-sync \
			--disable-background-networking \
			--disable-component-update --hide-scrollbars \
			--force-device-scale-factor=1 --window-size=400,400 \
			--user-data-dir="$T/profile.$1" \
			--screenshot="$T/$1.png" $U/$1 >>chromium 2>&1 ||
			{ cat chromium; false; }
	END
}

# The colours of a part of a picture, each as R G B.
colours() { # PICTURE LEFT TOP WIDTH HEIGHT
	pngtopnm "$T/$1.png" |
		pamcut -left "$2" -top "$3" -width "$4" -height "$5" |
		ppmhist -noheader | awk '{ print $1, $2, $3 }'
}

@test "Chromium: a page with a style sheet, a script and an image" {
	needs pngtopnm
	CHROMIUM=$(chromium_name) || skip "Chromium is not installed"
	browse "export HOME=$T
		$(photograph index.html)
		$(photograph bare.html)"
	[[ $status == 0 ]]
	[[ $(pngtopnm "$T/index.html.png" | pamfile) == *'400 by 400'* ]]
	[[ $(colours index.html 0 0 100 100) == '0 192 0' ]] # style.css
	[[ $(colours index.html 0 100 100 100) == '192 0 192' ]] # script.js
	[[ $(colours index.html 0 200 100 100) == '192 96 0' ]] # image.png
	[[ $(colours index.html 200 0 200 400) == '32 64 96' ]] # style.css
	# That pictures tell: none of these is there when none of the files came.
	run grep -xE '0 192 0|192 0 192|192 96 0|32 64 96' \
		<(colours bare.html 0 0 400 400)
	[[ $status == 1 ]]
	[[ $(colours bare.html 100 100 300 300) == '255 255 255' ]]
	for name in index.html style.css script.js image.png; do
		grep -q "\"GET /$name HTTP/1.1\" 200 $(stat -c %s "$SITE/$name")\$" \
			"$T/log"
	done
	for name in no-style.css no-script.js no-image.png; do
		grep -q "\"GET /$name HTTP/1.1\" 404 " "$T/log"
	done
}
