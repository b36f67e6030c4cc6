#!/bin/sh
# nginx.sh - nginx in the foreground, with its files in /tmp
#
# Usage: nginx.sh PORT DIR IDLE_MS
#
# Graded by: portlab check 05 --program httpd='sh nginx.sh {port} {dir} {idle}'
set -eu

PORT=$1 DIR=$2 IDLE=$3

cat >/tmp/nginx.conf <<END
daemon off;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr;
events { worker_connections 12000; }
http {
	types {
		text/html html;
		text/plain txt;
		text/css css;
		text/javascript js;
		image/png png;
	}
	charset utf-8;
	access_log off;
	sendfile on;
	keepalive_timeout ${IDLE}ms;
	client_header_timeout ${IDLE}ms;
	client_body_timeout ${IDLE}ms;
	send_timeout ${IDLE}ms;
	client_body_temp_path /tmp/body;
	proxy_temp_path /tmp/proxy;
	fastcgi_temp_path /tmp/fastcgi;
	uwsgi_temp_path /tmp/uwsgi;
	scgi_temp_path /tmp/scgi;
	server {
		listen [::]:$PORT ipv6only=off;
		root $DIR;
	}
}
END
# As many clients as it may have.
ulimit -n "$(ulimit -H -n)"
exec nginx -e stderr -c /tmp/nginx.conf
