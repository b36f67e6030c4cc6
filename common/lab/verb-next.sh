# verb-next.sh - what to do next, after make (sourced)

verb_next() {
	cat <<-'END'
		Built. What now?
		  make demo      watch a handshake, a reset and a silent drop
		  make up        a network of three hosts to play in
		  make doctor    what works on this machine
		  make help      all there is
		Student: start with labs/01-echo/README.md
	END
}
