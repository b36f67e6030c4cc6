# A server on port 9000, which takes every connection.
pid=/run/portlab/listen.pid
if [[ $1 == up ]]; then
	"$BUILD/lab/listen" 9000 >/dev/null 2>&1 &
	echo "$!" >"$pid"
	"$BUILD/lab/await" listen 9000 "$!" 5000
else
	kill "$(<"$pid")" && "$BUILD/lab/await" ended "$(<"$pid")" 5000
fi
