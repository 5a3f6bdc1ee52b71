#!/bin/sh
# Makes the user that the service runs as.
set -e
if ! getent group ithildin >/dev/null; then
	groupadd --system ithildin
fi
if ! getent passwd ithildin >/dev/null; then
	useradd --system --gid ithildin --home-dir /var/lib/ithildin --no-create-home --shell /usr/sbin/nologin ithildin
fi
