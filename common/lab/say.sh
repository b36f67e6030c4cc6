# say.sh - how portlab's scripts speak (sourced)
#
# Exit status: 0 fine, 1 failed, 2 usage. Colour only on a terminal, never with
# NO_COLOR or TERM=dumb, and never without a word that says the same.

say_colours() { # FD
	BOLD='' DIM='' RED='' PLAIN=''
	if [[ -t $1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]; then
		BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' PLAIN=$'\e[0m'
	fi
	export BOLD DIM RED PLAIN
}
say_colours 1

warn() { # SENTENCE
	printf 'portlab: %s\n' "$*" >&2
}

die() { # SENTENCE
	warn "$@"
	exit 1
}

say_usage() { # SENTENCE
	warn "$@"
	exit 2
}

have() { # TOOL
	command -v "$1" >/dev/null 2>&1
}
