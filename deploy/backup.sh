#!/bin/sh
# One dated folder a night: the database as one consistent dump, the uploaded originals, and their checksums.
# Kept for 190 days: the audit trail has to outlive 183.
#   OWNER_DATABASE_URL=… XXGX_VAR=… deploy/backup.sh /var/backups/xxgx
set -eu
umask 077
target=${1:?where to put it}
name=$(date +%Y%m%d-%H%M%S)
place="$target/$name.part"
mkdir -p "$place"

pg_dump --format=custom --no-owner --no-privileges --file="$place/database.dump" "$OWNER_DATABASE_URL"
# Originals are written once and never changed: one that arrives meanwhile belongs to the next night.
mkdir -p "$XXGX_VAR/files"
tar -C "$XXGX_VAR" -czf "$place/files.tar.gz" files
pg_restore --list "$place/database.dump" >/dev/null
(cd "$place" && sha256sum database.dump files.tar.gz >SHA256SUMS)
mv "$place" "$target/$name"  # a folder without .part is a whole one

find "$target" -mindepth 1 -maxdepth 1 -type d -mtime +190 -exec rm -rf {} +
find "$target" -mindepth 1 -maxdepth 1 -type d -name '*.part' -mtime +1 -exec rm -rf {} +
echo "$target/$name"
