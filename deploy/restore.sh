#!/bin/sh
# Puts one night's backup into an EMPTY database and folder; refuses anything else. Rehearse it (docs/operations.md).
#   OWNER_DATABASE_URL=… XXGX_VAR=… deploy/restore.sh /var/backups/xxgx/20260101-040000
set -eu
umask 077
source=${1:?which backup}
(cd "$source" && sha256sum --check --quiet SHA256SUMS)
tables=$(psql "$OWNER_DATABASE_URL" -Atqc "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
[ "$tables" = 0 ] || { echo "the database is not empty ($tables tables): restore into a new one"; exit 1; }
[ -z "$(ls -A "$XXGX_VAR/files" 2>/dev/null)" ] || { echo "$XXGX_VAR/files is not empty"; exit 1; }
pg_restore --no-owner --no-privileges --exit-on-error --single-transaction --dbname="$OWNER_DATABASE_URL" "$source/database.dump"
mkdir -p "$XXGX_VAR"
tar -C "$XXGX_VAR" -xzf "$source/files.tar.gz"
echo "restored; now: psql -f deploy/roles.sql, manage.py verify_audit, then start the services"
