# verb-slides.sh - the decks of slides/ as pages that need nothing else (sourced)
#
# Marp makes HTML of Markdown; its pictures are put into it. Where there is a
# Chromium it prints the PDF.

SLIDES=$ROOT/slides

# Chromium without anything that would look for a network.
readonly CHROMIUM_FLAGS='--headless --no-sandbox --disable-gpu --disable-quic
	--no-first-run --disable-background-networking
	--disable-component-update --disable-sync --hide-scrollbars'

verb_slides() { # [OUT]
	local out=${1:-$BUILD/slides} deck browser
	slides_marp
	mkdir -p "$out" 2>/dev/null || die "cannot write to the folder $out"
	browser=$(slides_browser)
	for deck in "$SLIDES"/[0-9][0-9]-*.md; do
		slides_html "$deck" "$out"
		[[ -z $browser ]] || slides_pdf "$browser" "$deck" "$out"
	done
	[[ -n $browser ]] || warn "no Chromium here, so no PDF;" \
		"any browser prints one from the HTML"
	slides_say "$out"
}

# Marp as package-lock.json pins it, from npm, once.
slides_marp() {
	MARP=$SLIDES/node_modules/.bin/marp
	[[ ! -x $MARP ]] || return 0
	have npm || die "npm is not installed; make deps installs it"
	echo "portlab: installing Marp into slides/node_modules with npm"
	PUPPETEER_SKIP_DOWNLOAD=1 npm ci --prefix "$SLIDES" --no-audit --no-fund \
		--silent </dev/null ||
		die "npm could not install Marp; it needs the network once"
}

slides_browser() {
	local each
	for each in chromium chromium-browser google-chrome; do
		if have "$each"; then
			echo "$each"
			return
		fi
	done
}

slides_html() { # DECK OUT
	local name=${1##*/} said
	name=${name%.md}
	said=$("$MARP" --no-stdin --config-file "$SLIDES/marp.config.json" \
		--theme "$SLIDES/theme.css" --output "$2/$name.part" "$1" \
		</dev/null 2>&1) || die "Marp could not make $name: $said"
	slides_inline "$SLIDES" <"$2/$name.part" >"$2/$name.html" || exit
	rm "$2/$name.part"
}

# Each src="pictures/NAME.svg" as what is in that file.
slides_inline() { # FOLDER
	local picture
	sed -f <(
		for picture in "$1"/pictures/*.svg; do
			printf 's|src="pictures/%s"|src="data:image/svg+xml;base64,%s"|g\n' \
				"${picture##*/}" "$(base64 -w 0 "$picture")"
		done
	)
}

slides_pdf() { # BROWSER DECK OUT
	local name=${2##*/} profile status=0
	name=${name%.md}
	profile=$(mktemp -d "${TMPDIR:-/tmp}/portlab-chromium.XXXXXX")
	# shellcheck disable=SC2086 # the flags are words
	"$1" $CHROMIUM_FLAGS --user-data-dir="$profile" --no-pdf-header-footer \
		--print-to-pdf="$3/$name.pdf" "file://$3/$name.html" \
		>/dev/null 2>&1 || status=$?
	rm -rf "$profile"
	[[ $status == 0 && -s $3/$name.pdf ]] ||
		die "Chromium could not print $name (status $status)"
}

slides_say() { # OUT
	local deck
	echo "The slides; in a browser, p opens the notes:"
	for deck in "$1"/*.html; do
		printf '  %s\n' "${deck#"$PWD"/}"
	done
}
