#!/bin/sh
# Makes the master secret where there is none, and tells systemd of the service. It starts nothing: an operator looks at
# /etc/ithildin/ithildin.env first. A service that runs is restarted by the new release.
set -e
if [ ! -e /etc/ithildin/secret ]; then
	(umask 077 && head -c 48 /dev/urandom | base64 -w 0 >/etc/ithildin/secret)
	chown root:ithildin /etc/ithildin/secret
	chmod 0640 /etc/ithildin/secret
fi
install -d -o ithildin -g ithildin -m 0700 /var/lib/ithildin
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart ithildin.service
fi
