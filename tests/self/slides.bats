#!/usr/bin/env bats
# The slides: they are built as pages that need nothing else, can be read from
# the last row, and say to who speaks what to say.

load lab

setup_file() {
	load lab
	export SLIDES=$ROOT/slides BUILT=$BATS_FILE_TMPDIR/slides
	export DEPS=skip LC_ALL=C.UTF-8
	can_build || return 0
	"$PORTLAB" slides "$BUILT" >"$BATS_FILE_TMPDIR/said" 2>&1 ||
		cp "$BATS_FILE_TMPDIR/said" "$BATS_FILE_TMPDIR/failed"
}

# Marp is there, or npm can have it: that needs the network, once.
can_build() {
	[[ -x $SLIDES/node_modules/.bin/marp ]] && return
	command -v npm >/dev/null || return
	PUPPETEER_SKIP_DOWNLOAD=1 timeout 300 npm ci --prefix "$SLIDES" \
		--no-audit --no-fund --silent </dev/null >/dev/null 2>&1 3>&-
}

setup() {
	own_state
	CHROMIUM=$(command -v chromium || command -v chromium-browser ||
		command -v google-chrome) || true
}

needs_slides() {
	[[ -x $SLIDES/node_modules/.bin/marp ]] ||
		skip "Marp is not installed, and npm cannot get it here"
	[[ ! -e $BATS_FILE_TMPDIR/failed ]] || {
		cat "$BATS_FILE_TMPDIR/failed"
		return 1
	}
}

# What look.js says of the page on stdin.
look() {
	local page=$BATS_TEST_TMPDIR/page.html
	[[ -n $CHROMIUM ]] || skip "Chromium is not installed"
	{
		cat
		echo '<script>'
		cat "$BATS_TEST_DIRNAME/slides/look.js"
		echo '</script>'
	} >"$page"
	timeout 300 "$CHROMIUM" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync \
		--user-data-dir="$(mktemp -d "$BATS_TEST_TMPDIR/profile.XXXXXX")" \
		--window-size=1280,720 --virtual-time-budget=5000 \
		--dump-dom "file://$page" 2>/dev/null 3>&- |
		sed -n '/<pre id="looked">/,/<\/pre>/{s/.*<pre id="looked">//;s/<\/pre>.*//;p}'
}

@test "each deck has 10 to 20 slides, and each slide its notes" {
	local deck slides
	for deck in "$SLIDES"/[0-9]*.md; do
		awk -v deck="${deck##*/}" '
		/^---$/ { if (++rules > 2) next_slide(); next }
		rules == 2 && !slides { slides = 1 }
		/^<!--$/ { notes = 1 }
		/^# / { titles++ }
		function next_slide() {
			if (!notes || titles != 1)
				bad = bad " " slides
			slides++; notes = 0; titles = 0
		}
		END {
			if (!notes || titles != 1) bad = bad " " slides
			if (bad) print deck ": no notes, or not one title:" bad
			if (slides < 10 || slides > 20) print deck ": " slides " slides"
			exit bad != "" || slides < 10 || slides > 20
		}' "$deck"
	done
}

@test "the notes say what to say, show, expect and ask" {
	local deck word
	for deck in "$SLIDES"/[0-9]*.md; do
		for word in 'Say:' 'Demo:' 'They get wrong:'; do
			grep -q "^$word" "$deck"
		done
		[[ $(grep -c '^Ask: ' "$deck") == 3 ]]
		[[ $(grep -c '^Answer: ' "$deck") == 3 ]]
	done
}

@test "there is a deck for each lab, and the steps it names are the demo's" {
	local lab deck step
	for lab in "$ROOT"/labs/*/lab.conf; do
		lab=${lab%/lab.conf}
		deck=$SLIDES/${lab##*/}.md
		grep -q "make demo LAB=$(basename "$lab" | cut -d- -f1)" "$deck"
		while read -r step; do
			((step <= $(grep -c '^step ' "$lab/demo.sh")))
		done < <(grep -oE "lab $(basename "$lab" | cut -d- -f1), steps? [0-9]+( and [0-9]+)?" \
			"$deck" | grep -oE '[0-9]+( and [0-9]+)?$' | tr -s 'a-z ' '\n')
	done
}

@test "every picture drawn again has the same bytes, and is used" {
	"$SLIDES/draw.sh" "$BATS_TEST_TMPDIR/pictures"
	diff -r "$SLIDES/pictures" "$BATS_TEST_TMPDIR/pictures"
	for picture in "$SLIDES"/pictures/*.svg; do
		grep -q "(pictures/${picture##*/})" "$SLIDES"/[0-9]*.md
	done
}

@test "the pages are there, and have all of their pictures in them" {
	needs_slides
	for deck in "$SLIDES"/[0-9]*.md; do
		page=$BUILT/$(basename "${deck%.md}").html
		[[ -s $page ]]
		run grep -oE '(src|href)="[^"]{0,80}|url\([^)]{0,60}|@import[^;]{0,60}' "$page"
		run grep -vE '="data:|^url\(("|&quot;)?data:|="#' <<<"$output"
		echo "$output"
		[[ -z $output ]]
		[[ $(grep -o 'src="data:image/svg' "$page" | wc -l) == \
		$(grep -c '^!\[' "$deck") ]]
		if [[ -n $CHROMIUM ]]; then
			[[ $(head -c 5 "${page%.html}.pdf") == %PDF- ]]
		fi
	done
}

@test "in Chromium: nothing overflows, nothing is missing, all can be read" {
	needs_slides
	for page in "$BUILT"/*.html; do
		run look <"$page"
		echo "$(basename "$page"): $output"
		[[ $output == "looked at $(grep -c '^# ' \
			"$SLIDES/$(basename "${page%.html}").md")" ]]
	done
}

@test "in Chromium: the words in the pictures can be read" {
	{
		echo '<!doctype html><meta charset="utf-8"><body>'
		for picture in "$SLIDES"/pictures/*.svg; do
			printf '<figure id="%s">\n' "${picture##*/}"
			cat "$picture"
			echo '</figure>'
		done
	} >"$BATS_TEST_TMPDIR/pictures.html"
	run look <"$BATS_TEST_TMPDIR/pictures.html"
	echo "$output"
	[[ $output == 'looked at 0' ]]
}

@test "the look finds what is wrong" {
	cat >"$BATS_TEST_TMPDIR/bad.html" <<-'END'
		<!doctype html><meta charset="utf-8"><body>
		<style>section { width: 800px; height: 300px; overflow: hidden }</style>
		<section><p style="height: 400px">high</p></section>
		<section><img src="nowhere.svg" alt="x"></section>
		<section><img src="http://127.0.0.1:9/x.svg" alt="x"></section>
		<section><p style="color: #999">pale</p></section>
		<section><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></section>
		<figure id="f"><svg viewBox="0 0 90 30" width="90">
		<rect width="90" height="30" fill="#000"/>
		<text x="45" y="20" fill="#333">dark</text></svg></figure>
	END
	run look <"$BATS_TEST_TMPDIR/bad.html"
	echo "$output"
	for word in 'slide 1: overflows' 'slide 2: a picture is missing' \
		'slide 4: contrast 2.85: pale' 'slide 5: a picture without alt' \
		'asks the network for http://127.0.0.1:9' 'picture f: contrast'; do
		[[ $output == *"$word"* ]]
	done
}

@test "what is installed is pinned, and names no other place" {
	grep -qE '"@marp-team/marp-cli": "[0-9]+\.[0-9]+\.[0-9]+"' \
		"$SLIDES/package.json"
	run grep '"resolved"' "$SLIDES/package-lock.json"
	[[ $status == 1 ]]
	run grep -E 'https?://' "$SLIDES/theme.css" "$SLIDES/marp.config.json"
	[[ $status == 1 ]]
}
