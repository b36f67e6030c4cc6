# verb-next.sh - what to do next, after make (sourced)

# shellcheck source=common/lab/progress.sh
. "$LABDIR/progress.sh"

verb_next() {
	cat <<-'END'
		Built. What now?
		  make demo      watch a handshake, a reset and a silent drop
		  make labs      the series, and how far you are in it
		  make up        a network of three hosts to play in
		  make doctor    what works on this machine
		  make help      all there is
	END
	progress_next
}
