#!/bin/sh
# Makes the secrets that are not there yet. The containers' users must be able to read
# the files, so it is the directory that nobody else may enter.
set -eu
umask 022
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in admin-token cluster-secret postgres-password grafana-password; do
	[ -s "secrets/$name" ] || openssl rand -hex 32 >"secrets/$name"
done
[ -s secrets/pgpass ] || printf '*:*:*:openrbm:%s\n' "$(cat secrets/postgres-password)" >secrets/pgpass
