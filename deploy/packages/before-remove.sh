#!/bin/sh
# Stops the service when the package goes, not when it is replaced. Settings, secret and database stay.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now ithildin.service
	fi
	;;
esac
