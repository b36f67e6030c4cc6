#!/usr/bin/env bats
# class-hand-in.bats - what people hand in, in all its forms: each is graded, or
# refused with a sentence. `make programs` first.

bats_require_minimum_version 1.5.0

load lab
load class

setup() {
	class_setup
	cd "$DIR" || return
}

teardown() {
	end_background
}

graded() { # STUDENT...
	local each
	for each in "$@"; do
		echo "$each"
		[[ $(of "$each" .state) == passed ]]
		cmp "$OUT/$each/source/coin.c" "$T/good.c"
	done
}

# It has no points, and the sentence says why.
refused() { # STUDENT SENTENCE
	echo "$1: $(of "$1" '.state, .error')"
	[[ $(of "$1" .points) == 0 ]]
	[[ $(of "$1" '.error // ""') == *"$2"* ]]
	grep -F "${2//\*/\\\*}" "$OUT/$1/feedback.md" ||
		grep -qF "${2%%_*}" "$OUT/$1/feedback.md"
}

good() { # FOLDER
	mkdir -p "$1"
	echo passed | tee "$T/good.c" >"$1/coin.c"
}

@test "zip and tar, with any compression, as a file or in a folder" {
	needs zip
	needs unzip
	good x
	zip -qr a-zip.zip x
	(cd x && zip -q ../flat-zip.zip coin.c)
	tar -cf b-tar.tar x
	tar -czf c-gz.tar.gz x
	tar -cJf d-xz.tar.xz x
	tar -cjf e-bz2.tar.bz2 x
	tar -czf f-tgz.tgz ./x/coin.c
	chmod 0 x/coin.c && tar -cf h-mode.tar x/coin.c && chmod 644 x/coin.c
	cp a-zip.zip g-named-wrong.tar
	mkdir moodle canvas
	mv a-zip.zip 'moodle/my work (final).zip'
	cp b-tar.tar canvas/coin.tar
	mv x plain
	class
	[[ $status == 0 ]]
	graded plain flat-zip b-tar c-gz d-xz e-bz2 f-tgz g-named-wrong h-mode \
		moodle canvas
}

@test "folders too deep, spaces, Unicode names and litter" {
	good 'adams k/my labs/lab 07/final version'
	good 'Zoë Ünïcödé/прoject/漢字'
	good litter
	mkdir -p litter/__MACOSX litter/.git/x litter/node_modules
	printf 'Mac\0' >litter/__MACOSX/._coin.c
	cp litter/__MACOSX/._coin.c litter/._coin.c
	echo failed | tee litter/__MACOSX/coin.c litter/.git/x/coin.c \
		>litter/node_modules/coin.c
	: >litter/.DS_Store
	: >.DS_Store
	: >Thumbs.db
	mkdir __MACOSX
	class
	[[ $status == 0 && $output == *'3 submissions'* ]]
	graded 'adams k' 'Zoë Ünïcödé' litter
	[[ $(of 'adams k' '.remarks[0]') == \
	'The files were found in the folder my labs/lab 07/final version.' ]]
}

@test "a zip of macOS, and one of Windows" {
	needs python3
	needs unzip
	good x
	rm -r x
	python3 - <<-'END'
		import zipfile
		with zipfile.ZipFile("mac.zip", "w", zipfile.ZIP_DEFLATED) as z:
		    z.writestr("h\u00e4nd in/coin.c", "passed\n")
		    z.writestr("__MACOSX/h\u00e4nd in/._coin.c", "Mac\0OS")
		    z.writestr("__MACOSX/coin.c", "failed\n")
		    z.writestr("h\u00e4nd in/.DS_Store", "\0")
		z = zipfile.ZipFile("windows.zip", "w")
		info = zipfile.ZipInfo("x")
		info.filename = "My Lab\\coin.c"
		info.create_system = 0
		z.writestr(info, "passed\n")
		z.close()
	END
	class
	[[ $status == 0 ]]
	graded mac windows
}

@test "the whole suite handed in: the work, not the starter" {
	good x
	mkdir -p adams-k/portlab/labs/07-coin/{starter,solution} \
		adams-k/portlab/labs/08-die
	echo failed | tee adams-k/portlab/labs/07-coin/{starter,solution}/coin.c \
		>adams-k/portlab/labs/08-die/coin.c
	mv x/coin.c adams-k/portlab/labs/07-coin/
	rmdir x
	play_lab 08-die die
	class
	[[ $status == 0 ]]
	graded adams-k
}

@test "of several the one beside the others, then the one less deep" {
	sed -i 's/^files:.*/files: coin.c side.txt/' "$SUITE/labs/07-coin/lab.conf"
	good beside/mine
	: >beside/mine/side.txt
	good shallow/z
	mkdir -p beside/a shallow/a/b
	echo failed | tee beside/a/coin.c >shallow/a/b/coin.c
	class
	graded beside shallow
}

@test "two that differ: which one is asked; two that are the same: either" {
	good same/one
	good same/two
	good differ/one
	mkdir differ/two
	echo failed >differ/two/coin.c
	class
	graded same
	refused differ 'coin.c is there more than once: one/coin.c and two/coin.c.'
}

@test "nothing of the lab: what was looked for, and what is there" {
	mkdir empty other case rar
	echo 'Rar!' >'rar/my work.rar'
	echo >other/main.c
	echo >'other/coin (1).c'
	echo >case/Coin.C
	(cd other && tar -cf ../in-tar.tar main.c)
	class
	refused empty 'There is no coin.c in it.'
	refused other 'There is no coin.c in it; there is: coin (1).c, main.c.'
	refused case 'there is: Coin.C.'
	refused rar 'There is no coin.c in it; there is: my work.rar.'
	refused in-tar 'there is: main.c.'
	grep -E '^  empty  +-  ' "$OUT/summary.txt"
}

@test "what is no archive, a damaged one, an encrypted one" {
	needs zip
	needs unzip
	good x
	zip -qr whole.zip x
	head -c 120 whole.zip >cut.zip
	gzip -c x/coin.c >single.gz
	tar -czf whole.tar.gz x && head -c 60 whole.tar.gz >cut-tar.tar.gz
	zip -qr -P secret encrypted.zip x
	rm -r x whole.*
	echo text >text
	: >nothing.zip
	head -c 5000 /dev/urandom >noise.rar
	mkfifo pipe.zip
	ln -s /etc/passwd link-to-file.zip
	ln -s /etc link
	class
	[[ $status == 0 ]]
	for each in text nothing noise pipe; do
		refused "$each" 'hand in a folder, zip or tar.' ||
			refused "$each" 'It is neither a folder nor an archive.'
	done
	refused cut 'damaged'
	refused cut-tar 'damaged'
	refused single.gz 'There is no coin.c in it.'
	refused encrypted 'encrypted'
	refused link 'symbolic link'
	refused link-to-file 'symbolic link'
}

@test "an archive that would write elsewhere, or without end" {
	needs python3
	needs unzip
	good x
	rm -r x
	python3 - "$T" <<-'END'
		import io, sys, tarfile, zipfile
		def add(tar, name, data=b"passed\n", **more):
		    info = tarfile.TarInfo(name)
		    info.size = len(data)
		    for key, value in more.items():
		        setattr(info, key, value)
		    tar.addfile(info, io.BytesIO(data) if data else None)
		with tarfile.open("up.tar", "w") as tar:
		    add(tar, "../../../../coin.c", b"gotcha\n")
		    add(tar, sys.argv[1] + "/escaped/coin.c", b"gotcha\n")
		    add(tar, "coin.c")
		with tarfile.open("through.tar", "w") as tar:
		    add(tar, "coin.c", b"", type=tarfile.SYMTYPE,
		        linkname=sys.argv[1] + "/victim")
		    add(tar, "coin.c/escaped", b"gotcha\n")
		with tarfile.open("device.tar", "w") as tar:
		    add(tar, "coin.c", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=5)
		with zipfile.ZipFile("up.zip-in-name.zip", "w") as z:
		    z.writestr("../../coin.c", "gotcha\n")
		    z.writestr("x/coin.c", "passed\n")
		with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
		    for i in range(60):
		        z.writestr(f"{i}/coin.c", b"\0" * (20 << 20))
	END
	mkdir "$T/victim"
	class
	[[ $status == 0 ]]
	run ! grep -rl gotcha "$T" --include=escaped --include=coin.c \
		--exclude-dir=submissions --exclude-dir='the results'
	[[ -z $(ls "$T/victim") && ! -e $T/escaped && ! -e $T/coin.c ]]
	[[ $(of device .points) == 0 || $(of device .state) == missing ]]
	refused bomb 'too large'
	[[ $(du -s "$OUT" | cut -f 1) -lt 10000 ]]
}

@test "a hundred megabytes of rubbish, in a folder and in an archive" {
	needs zip
	needs unzip
	good x
	head -c 100M /dev/urandom >x/rubbish.bin
	for n in {1..2000}; do : >"x/file-$n"; done
	zip -q0r zipped.zip x
	tar -cf tarred.tar x
	mv x folder
	class
	[[ $status == 0 ]]
	graded folder zipped tarred
	[[ $(du -s "$OUT" | cut -f 1) -lt 5000 ]]
}

# --- with the real grader ----------------------------------------------------

# The real check of lab 01, on one of its files; the client is the starter.
real() {
	cp "$ROOT/common/lab/verb-check.sh" "$SUITE/common/lab/"
	cp -r "$ROOT/labs/01-echo" "$SUITE/labs/"
	cp -r "$ROOT"/tests/01-echo* "$SUITE/tests/"
}

real_class() {
	run timeout 1000 "$PORTLAB" class 01 "$DIR" "$OUT" </dev/null
	echo "$output"
	[[ $status == 0 ]]
}

@test "what has no end, or is waited for: links, FIFOs, sparse files" {
	good ada
	mkdir -p zeros/{a,b} sparse/{a,b} waited x/{a,b}
	ln -s /dev/zero zeros/a/coin.c
	ln -s /dev/zero zeros/b/coin.c
	truncate -s 3T sparse/{a,b}/coin.c endless.zip
	mkfifo "$T/fifo" x/{a,b}/coin.c
	ln -s "$T/fifo" waited/coin.c
	tar -cf fifos.tar x && rm -r x
	run timeout 60 "$PORTLAB" class 07 "$DIR" "$OUT" </dev/null
	[[ $status == 0 ]]
	[[ $output != *warning* ]]
	graded ada
	refused zeros 'coin.c is there more than once'
	refused fifos 'coin.c is there more than once'
	refused endless 'no archive that can be opened'
}

@test "a link is no list of what an archive has" {
	echo sesame >"$T/secret"
	mkdir ada && ln -s "$T/secret" ada/.names
	class
	refused ada 'There is no coin.c in it.'
}

@test "CRLF line ends and a byte order mark make no difference" {
	real
	mkdir crlf
	for file in "$ROOT"/labs/01-echo/solution/*.c; do
		{ printf '\xef\xbb\xbf' && sed 's/$/\r/' "$file"; } \
			>"crlf/${file##*/}"
	done
	real_class
	[[ $(of crlf .state) == passed ]]
}

@test "a binary, UTF-16, an archive, a folder or 100 MB in the place of source" {
	real
	mkdir binary utf16 archive folder huge link nul
	cp "$BUILD/solution/echo_server" binary/echo_server.c
	iconv -f UTF-8 -t UTF-16 "$ROOT/labs/01-echo/solution/echo_server.c" \
		>utf16/echo_server.c
	printf 'PK\3\4rest' >archive/echo_server.c
	mkdir folder/echo_server.c
	truncate -s 100M huge/echo_server.c
	ln -s "$ROOT/labs/01-echo/solution/echo_server.c" link/echo_server.c
	printf 'int main(void) { return 0; }\0\n' >nul/echo_server.c
	for each in *; do
		cp "$ROOT/labs/01-echo/starter/echo_client.c" "$each/"
	done
	real_class
	told binary 'echo_server.c is a compiled program, not its source.'
	told utf16 'echo_server.c is in UTF-16: save it as UTF-8.'
	told archive 'echo_server.c is an archive, not C source.'
	told folder 'echo_server.c: is not a regular file'
	told huge 'echo_server.c: is larger than'
	told link 'echo_server.c: is a symbolic link'
	told nul 'NUL bytes'
	for each in binary utf16 archive folder huge link; do
		grep -E "^  $each +!! .*01: build" "$OUT/summary.txt"
	done
}

told() { # STUDENT SENTENCE
	echo "$1"
	[[ $(of "$1" '(.remarks | join(" ")) + (.compiler // "")') == *"$2"* ]]
}

@test "with the real grader: a class of a solution, a starter and a mutant" {
	needs patch
	real
	cp -r "$ROOT/labs/01-echo/solution" good
	cp -r "$ROOT/labs/01-echo/starter" starter
	cp -r good mutant
	patch -s -p1 --no-backup-if-mismatch -d mutant \
		<"$ROOT/tests/01-echo/mutants/strlen.patch"
	real_class
	[[ $(of good .state) == passed && $(of starter .points) == 4 ]]
	[[ $(of mutant '[.checks[] | select(.state == "failed" and (.further | not)) |
		.id] | join(" ")') == \
	"$(sed -n 's/^Fails: *//p' "$ROOT/tests/01-echo/mutants/strlen.patch")" ]]
	[[ $(tcpdump -r "$OUT/mutant/evidence/every-byte/packets.pcap" \
		2>/dev/null | wc -l) -gt 5 ]]
	jq -e '.checks[] | select(.id == "every-byte") | .ladder | test("SYN")' \
		"$OUT/mutant/report.json"
	# The seed is the submission's, so a regrade has the same ports.
	before=$(of mutant .seed)
	rm -r "$OUT/mutant"
	real_class
	[[ $(of mutant .seed) == "$before" ]]
}
