# Says what it was told, for a test.
echo "$1" >>/run/portlab/script
