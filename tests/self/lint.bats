#!/usr/bin/env bats
# The checkers are clean, and what the README says is there is there.

load lab

@test "make lint is clean" {
	for tool in shellcheck clang clang-format clang-tidy cppcheck; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	[[ -d $ROOT/.git ]] || skip "not a git checkout: no list of files"
	DEPS=skip run make -s -C "$ROOT" lint
	echo "$output"
	[[ $status == 0 ]]
}

@test "every target in the README's table is a target of make" {
	grep -o '`make [a-z]*' "$ROOT/README.md" | sort -u |
		while read -r _ target; do
			make -s -C "$ROOT" -n -q "$target" >/dev/null 2>&1 || [[ $? == 1 ]] ||
				{ echo "no target $target"; exit 1; }
		done
}

@test "every command in the README's table is in make help, a line each" {
	run make -s -C "$ROOT" help
	[[ $(wc -L <<<"$output") -lt 80 ]]
	while read -r _ target; do
		[[ $output == *"  $target "* ]]
	done < <(grep -o '^| `make [a-z][a-z]*' "$ROOT/README.md" | sort -u |
		sed 's/^| `//')
}

@test "at the top are only the fixed names and dot files" {
	[[ -d $ROOT/.git ]] || skip "not a git checkout: no list of files"
	run bash -c 'git -C "$ROOT" ls-files | cut -d/ -f1 | sort -u | grep -vxE \
		"labs|common|tests|slides|docker-compose.yml|Makefile|README.md|LICENSE|\..*"'
	[[ -z $output ]]
}

@test "compile_commands.json is JSON that names every source" {
	needs jq
	make -s -C "$ROOT" compile_commands.json
	[[ $(jq length "$ROOT/compile_commands.json") -gt 20 ]]
	jq -r '.[].file' "$ROOT/compile_commands.json" | while read -r file; do
		[[ -e $ROOT/$file ]]
	done
}
