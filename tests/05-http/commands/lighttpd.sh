#!/bin/sh
# lighttpd.sh - lighttpd in the foreground
#
# Usage: lighttpd.sh PORT DIR IDLE_MS
#
# Graded by: portlab check 05 --program httpd='sh lighttpd.sh {port} {dir} {idle}'
set -eu

PORT=$1 DIR=$2 IDLE_S=$((($3 + 999) / 1000))

cat >/tmp/lighttpd.conf <<END
server.document-root = "$DIR"
server.port = $PORT
server.bind = "[::]"
server.set-v6only = "disable"
server.modules = ()
index-file.names = ("index.html")
server.max-fds = 12000
server.max-keep-alive-idle = $IDLE_S
server.max-read-idle = $IDLE_S
server.max-write-idle = $IDLE_S
mimetype.assign = (
	".html" => "text/html; charset=utf-8",
	".txt" => "text/plain; charset=utf-8",
	".css" => "text/css; charset=utf-8",
	".js" => "text/javascript; charset=utf-8",
	".png" => "image/png"
)
END
# As many clients as it may have.
ulimit -n "$(ulimit -H -n)"
exec lighttpd -D -f /tmp/lighttpd.conf
