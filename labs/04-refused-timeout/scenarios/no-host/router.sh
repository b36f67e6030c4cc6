# Nor does the router remember where the server was a moment ago.
ip neigh flush dev eth1
