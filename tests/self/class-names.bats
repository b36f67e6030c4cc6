#!/usr/bin/env bats
# class-names.bats - classes as platforms give them out, and gradebooks that are
# given back to them. `make programs` first.

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

# All students of the class, and how each fared.
students() {
	jq -r '[.students[] | "\(.id) \(.labs[0].state)"] | join(", ")' \
		"$OUT/class.json"
}

# The rows of a file as a parser of CSV has them.
rows() { # FILE
	python3 -c '
import csv, sys
for row in csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True):
    print("|".join(row))' "$OUT/$1"
}

# --- how things are called ---------------------------------------------------

@test "Canvas: files of all beside each other, late, again, an archive, a text" {
	play_lab 07-coin coin
	sed -i 's/^files:.*/files: coin.c side.txt/' "$SUITE/labs/07-coin/lab.conf"
	echo passed >adamskim_1001_50001_coin.c
	echo two >adamskim_1001_50002_side.txt
	echo passed >bakermax_LATE_1002_50003_coin-1.c
	echo two >'bakermax_LATE_1002_50004_side-12.txt'
	echo passed >coin.c
	tar -czf 'müllerzoë_1003_50005_my_2_3_work-2.tar.gz' coin.c
	mv coin.c LATE_anon_a1B2c_50006_coin.c
	echo '<p>see above</p>' >diaz_1004_text.html
	ln -s /etc/passwd evans_1006_50007_coin.c
	class
	[[ $status == 0 && $output == *'6 submissions, 1 lab: 6 to grade'* ]]
	[[ $(students) == 'anon_a1B2c passed, adamskim_1001 passed, bakermax_1002 passed, diaz_1004 missing, evans_1006 failed, müllerzoë_1003 passed' ]]
	[[ $(cat "$OUT"/{adamskim_1001,bakermax_1002}/source/side.txt) == $'two\ntwo' ]]
	grep -E '^  evans_1006 .*07: link$' "$OUT/summary.txt"
	[[ $(ls "$OUT/.portlab") == labs ]]
	class
	[[ $output == *'0 to grade, 6 as they were'* ]]
	echo failed >bakermax_LATE_1002_50003_coin-1.c
	class
	[[ $output == *'1 to grade, 5 as they were'* ]]
	# Of both, that which is called as it should be; what was handed in stays.
	echo passed >bakermax_LATE_1002_50008_coin.c
	class
	[[ $(of bakermax_1002 .state) == passed ]]
	[[ $(<bakermax_LATE_1002_50003_coin-1.c) == failed ]]
}

@test "Moodle: folders, or files with all of that in their names" {
	mkdir 'Kim Adams_2001_assignsubmission_file_' \
		'Kim Adams_2001_assignsubmission_onlinetext_' \
		'Max Baker_2002_assignsubmission_file' \
		'Participant_2003_assignsubmission_onlinetext_'
	echo passed | tee 'Kim Adams_2001_assignsubmission_file_/coin.c' \
		'Max Baker_2002_assignsubmission_file/coin.c' \
		>"Zoë O'Neil_2004_assignsubmission_file_coin.c"
	echo '<p>a</p>' >"Zoë O'Neil_2004_assignsubmission_onlinetext_a.html"
	class
	[[ $status == 0 ]]
	[[ $(students) == "Kim Adams_2001 passed, Max Baker_2002 passed, Participant_2003 missing, Zoë O'Neil_2004 passed" ]]
}

@test "Gradescope: who it was, by what lies beside; GitHub: the lab left out" {
	mkdir submission_77 submission_78 submission_79
	echo passed | tee submission_{77,78,79}/coin.c >/dev/null
	cat >submission_metadata.yml <<-'END'
		---
		submission_77:
		  :submitters:
		  - :name: Kim Adams
		    :sid: '1001'
		    :email: kim@example.org
		  - :name: "../Max Baker"
		    :sid:
		    :email: max@example.org
		  :created_at: 2026-03-02 09:00:00.000000000 Z
		submission_78:
		  :submitters:
		  - :name: 'Zoë O''Neil'
		    :sid: A-3
	END
	class
	[[ $status == 0 ]]
	[[ $(students) == "Kim Adams_1001 passed, ?.?Max Baker_77 passed, Zoë O'Neil_A-3 passed, submission_79 passed" ]]
	rm -r ./* "$OUT"
	mkdir lab-07-kadams Lab07-coin-mbaker 07-coin-li 07-seven lab-07-..
	mkdir lab-07-.portlab $'lab-07-\u202egnp'
	class
	[[ $(jq -c '[.students[].id] | sort' "$OUT/class.json") == \
		'["07-seven","?.","?gnp","?portlab","kadams","li","mbaker"]' ]]
}

# --- gradebooks --------------------------------------------------------------

canvas_gradebook() {
	printf '\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,"Lab 07: Coin (4711)",Lab 17 (4712),Current Score\r\n'
	printf ',,,,,Manual Posting,,\r\n'
	printf '    Points Possible,,,,,10.00,5,(read only)\r\n'
	printf '"%s",%s,%s,%s,"%s",%s,,77\r\n' 'Adams, Kim' 1001 S1 kadams CS 4 \
		'Baker, ""Max""' 1002 S2 mbaker $'CS\n2' '' 'Chen, Li' 1003 S3 li CS 3 \
		'Diaz, =R' 1004 S4 1001 CS '' 'Evans, Tom' 1005 S5 tevans CS '' \
		'Evans, Tom' 1006 S6 tevans2 CS ''
}

@test "ROSTER: Canvas's gradebook, with its rows and its column of the lab" {
	needs python3
	canvas_gradebook >"$T/book.csv"
	echo passed >adamskim_1001_5_coin.c
	echo some >bakermax_1002_6_coin.c
	hands_in 'R =Diaz' failed
	hands_in 'Tom Evans' passed
	hands_in nobody passed
	class --roster "$T/book.csv"
	[[ $status == 0 && $output == *"Of $T/book.csv:"* ]]
	[[ $output == *'nobody is not in it: no grade'* ]]
	[[ $output == *'Tom Evans may be 2 of it'* ]]
	rows grades.csv >"$T/rows"
	diff - "$T/rows" <<-'END'
		Student|ID|SIS User ID|SIS Login ID|Section|Lab 07: Coin (4711)
		    Points Possible|||||10.00
		Adams, Kim|1001|S1|kadams|CS|10
		Baker, "Max"|1002|S2|mbaker|CS
		2|3
		Chen, Li|1003|S3|li|CS|3
		Diaz, =R|1004|S4|1001|CS|1
		Evans, Tom|1005|S5|tevans|CS|
		Evans, Tom|1006|S6|tevans2|CS|
	END
	# One student by two names, and another number of points.
	hands_in kadams passed
	sed -i 's/10\.00/100/' "$T/book.csv"
	class --roster "$T/book.csv"
	[[ $output == *'adamskim_1001 and kadams are the same student'* ]]
	[[ $output == *'Lab 07 has 100 points there and 10 here'* ]]
	rows grades.csv | grep -xF 'Adams, Kim|1001|S1|kadams|CS|4'
}

@test "ROSTER: Moodle's worksheet of an assignment, and its gradebook" {
	needs python3
	cat >"$T/sheet.csv" <<-'END'
		Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Last modified (grade)","Feedback comments"
		"Participant 2001","Kim Adams",kim@x.org,Submitted,,10.00,-,
		"Participant 2002","Max Baker",max@x.org,"No submission",,10.00,-,
		"Participant 2003","Li Chen",li@x.org,"Submitted",2.00,10.00,-,"well, ""well"""
	END
	mkdir 'Kim Adams_2001_assignsubmission_file_'
	echo some >'Kim Adams_2001_assignsubmission_file_/coin.c'
	hands_in li@x.org broken
	class --roster "$T/sheet.csv"
	[[ $status == 1 && $output != *' it: '* && $output != *' there and '* ]]
	rows grades-moodle.csv >"$T/rows"
	diff - "$T/rows" <<-'END'
		Identifier|Full name|Email address|Status|Grade|Maximum Grade|Last modified (grade)|Feedback comments
		Participant 2001|Kim Adams|kim@x.org|Submitted|3|10.00|-|3 of 10 points, 2 of 4 checks.
		Participant 2002|Max Baker|max@x.org|No submission||10.00|-|
		Participant 2003|Li Chen|li@x.org|Submitted|2.00|10.00|-|well, "well"
	END
	printf '%s\n' 'First name;Last name;ID number;Email address' \
		'Kim;Adams;A1;kim@x.org' 'Max;Baker;A2;max@x.org' >"$T/book.csv"
	class --roster "$T/book.csv"
	rows grades-moodle.csv >"$T/rows"
	diff - "$T/rows" <<-'END'
		First name|Last name|ID number|Email address|Lab 07|Lab 07 feedback
		Kim|Adams|A1|kim@x.org|3|3 of 10 points, 2 of 4 checks.
		Max|Baker|A2|max@x.org||
	END
}

@test "ROSTER: what is no gradebook is said before anything is graded" {
	hands_in adams-k passed
	: >"$T/empty.csv"
	echo 'a,b' >"$T/other.csv"
	printf 'Student,ID,Section\n"open,1,2\n' >"$T/open.csv"
	for file in "$T/none.csv" "$T" "$T"/{empty,other,open}.csv /bin/ls; do
		class --roster "$file"
		[[ $status == 2 && ${#lines[@]} == 1 && ! -e $OUT ]]
		[[ $output == *"$file"* ]]
	done
}
