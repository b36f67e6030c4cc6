# bare.bash - the words that need a network of their own, where there is none
# (sourced by grader.bash, after all others)
# shellcheck shell=bash
#
# See bare.sh. What cannot be checked is not here, for no points and against
# none; a verdict that is given is one that holds.

# Before each check: what its test says that would mean something else here.
bare_can() {
	local test
	test=$(declare -f "$BATS_TEST_NAME")
	[[ $test != *SERVER6* && $test != *CLIENT6* ]] ||
		bare_not "there is no IPv6 on every such machine"
	[[ $test != *port=80[!0-9]* ]] ||
		bare_not "anybody may use the ports below 1024"
}

bare_not() { # WHY
	check_skip not-here "not here: without namespaces $*"
}

kernel_setting() {
	bare_not "the kernel's settings are not the grader's"
}

# They only make faults likelier.
small_buffers() {
	:
}

large_receive_buffers() {
	:
}

sees_file() { # FILE [LINE...]
	bare_not "files are not the grader's to replace"
}

scenario_set() { # PATH
	[[ -z $1 ]] || bare_not "there is no firewall"
}

router_drops() {
	bare_not "there is no firewall"
}
