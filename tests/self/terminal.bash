# terminal.bash - a terminal of any size, and somebody who types (loaded by
# bats files after lab.bash)
#
# The terminal is a tmux of the test's own; what runs in it sees a terminal as
# any other, and may be a tmux again.
# shellcheck shell=bash

terminal_tmux() {
	tmux -S "$BATS_TEST_TMPDIR/terminal${TERMINALS-0}" "$@"
}

# Run COMMAND (for sh) on a terminal of COLUMNS and ROWS; its status is there
# in the end, as a line "status N".
terminal() { # COLUMNS ROWS COMMAND
	TERMINALS=$((${TERMINALS-0} + 1)) # the last one may still be ending
	terminal_tmux -u -f /dev/null new-session -d -x "$1" -y "$2" sh -c \
		"export TERM=screen-256color; $3; echo status \$?; read -r _" \
		3>&- 4>&- 10>&-
}

# What is on it, a line each.
screen() {
	terminal_tmux capture-pane -p
}

on_screen() { # TEXT
	[[ $(screen) == *"$1"* ]]
}

# Wait for TEXT, a minute at most.
await_screen() { # TEXT
	local deadline=$((SECONDS + 60))
	until on_screen "$1"; do
		((SECONDS < deadline)) || {
			echo "not on the screen within 60 s: $1"
			screen
			return 1
		}
		read -r -t 0.05 <> <(:) || true
	done
}

type_keys() { # KEY...
	terminal_tmux send-keys "$@"
}

terminal_ends() {
	terminal_tmux kill-server 2>/dev/null || true
}
