# live.sh - the live demo on a terminal: tmux with its panes, to the end of it
# (sourced)
#
# The tmux server is one of our own, with its socket in LIVE, a folder that
# goes with it: within the network that is the private /run, and the kernel
# ends the server with all the rest. What is in the panes is the script live.

readonly LIVE_TMUX=3.2
readonly LIVE_COLUMNS=80 LIVE_ROWS=24

live_tmux() {
	tmux -S "$LIVE/tmux" "$@"
}

# COMMAND with the three first descriptors alone.
live_bare() ( # COMMAND...
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		((fd <= 2)) || eval "exec $fd>&-"
	done
	exec "$@"
)

# Why there can be no live demo here, in OBSTACLE; nothing when there can.
live_obstacle() {
	local version rows columns
	OBSTACLE=''
	if [[ ! -t 0 || ! -t 1 ]]; then
		OBSTACLE='this is no terminal'
	elif [[ ${TERM-dumb} == dumb ]]; then
		OBSTACLE="the terminal cannot move its cursor (TERM=${TERM-})"
	elif ! have tmux; then
		OBSTACLE='tmux is not installed'
	elif version=$(tmux -V) && version=${version##*[ -]} &&
		[[ $(printf '%s\n' "$LIVE_TMUX" "$version" | sort -V |
			head -n 1) != "$LIVE_TMUX" ]]; then
		OBSTACLE="tmux is $version, and $LIVE_TMUX or newer is needed"
	elif read -r rows columns <<<"$(stty size)" &&
		((rows < LIVE_ROWS || columns < LIVE_COLUMNS)); then
		OBSTACLE="the terminal has ${columns}x$rows,"
		OBSTACLE+=" and ${LIVE_COLUMNS}x$LIVE_ROWS is needed"
	fi
}

# Show what the script live does with ARG..., until it ends.
live_show() { # ARG...
	local rows columns status=0 utf8=() attach
	read -r rows columns <<<"$(stty size)"
	[[ $(locale charmap 2>/dev/null) != UTF-8 ]] || utf8=(-u)
	unset TMUX TMUX_PANE
	mkfifo "$LIVE/events" "$LIVE/never"
	live_config >"$LIVE/tmux.conf"
	trap 'live_tmux kill-server 2>/dev/null' INT TERM HUP
	# Nothing of what we hold open is for tmux, least of all the guard's pipe.
	live_bare tmux "${utf8[@]}" -S "$LIVE/tmux" -f "$LIVE/tmux.conf" \
		new-session -d -x "$columns" -y "$rows" "$LABDIR/live" "$@"
	exec {LIVE_TTY}<&0
	# In the background, so that a signal to us is heard.
	live_bare tmux "${utf8[@]}" -S "$LIVE/tmux" attach <&"$LIVE_TTY" \
		>"$LIVE/attach" 2>&1 &
	attach=$!
	# A signal ends the wait, but the client is still to give the terminal back.
	while kill -0 "$attach" 2>/dev/null; do
		wait "$attach" || status=$?
	done
	live_ended "$status"
}

# The same where no kernel ends it all: in a folder of our own, with a guard
# that outlives us by as long as it takes to end tmux and remove the folder.
live_replay() { # FOLDER [auto]
	local guard status=0
	live_sweep
	LIVE=$(mktemp -d "${TMPDIR:-/tmp}/portlab-replay.XXXXXX") ||
		die "cannot make a folder in ${TMPDIR:-/tmp}"
	export LIVE
	echo "$$" >"$LIVE/pid"
	exec {guard}> >(
		trap '' INT TERM HUP
		exec setsid bash -c 'cat >/dev/null
			tmux -S "$1/tmux" kill-server 2>/dev/null
			rm -rf "$1"' guard "$LIVE" >/dev/null 2>&1
	)
	LIVE_GUARD=$!
	live_show replay "$@" || status=$?
	exec {guard}>&-
	wait "$LIVE_GUARD" 2>/dev/null || true
	return "$status"
}

# What was left where the guard, too, was killed.
live_sweep() {
	local left
	for left in "${TMPDIR:-/tmp}"/portlab-replay.*/; do
		[[ -O $left && -s ${left}pid ]] || continue
		kill -0 "$(<"${left}pid")" 2>/dev/null || rm -rf "$left"
	done
}

live_ended() { # STATUS
	if [[ -s $LIVE/said ]]; then
		cat "$LIVE/said" >&2
		return 1
	elif [[ ! -e $LIVE/quit ]]; then
		warn "stopped; nothing is left behind"
		return 130
	fi
}

live_config() {
	local lines=single
	[[ $(locale charmap 2>/dev/null) == UTF-8 ]] || lines=simple
	cat <<-END
		set -g default-shell /bin/sh
		set -g status off
		set -g mouse on
		set -g escape-time 20
		set -g history-limit 20000
		set -g default-terminal screen
		set -g window-size latest
		set -g pane-border-lines $lines
		set -g pane-border-status top
		set -g pane-border-format ' #{@name}#{?pane_active,#{@back},} '
		set -g pane-border-style default
		set -g pane-active-border-style bold
		set -g remain-on-exit off
		set -g detach-on-destroy on
		set -g allow-rename off
		set -g set-titles off
		bind -n M-Up select-pane -U
		bind -n M-Down select-pane -D
		bind -n M-Left select-pane -L
		bind -n M-Right select-pane -R
		set-hook -g client-resized 'run-shell "echo resized >$LIVE/events"'
	END
}
