#!/bin/sh
# Makes what the processes of compose.yaml share: the key that seals cameras' credentials and streams' keys, the hashes of
# access tokens, and two tokens: an operator's, and an admin's, which may erase too. Keeps what is there. Tokens are made
# by ./moodline, which builds itself first: that takes a JDK and Maven on this machine.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
umask 077
mkdir -p "$here/secrets"
cd "$here/secrets"
[ -e secret.key ] || head -c 32 /dev/urandom > secret.key
for role in operator admin; do
  [ -s "$role-token" ] ||
    "$here/../moodline" token create "$role" --note compose --set http.tokens.file="$here/secrets/tokens" > "$role-token"
done
# The containers' user is 10001; where that can not be set, anybody on this machine may read them.
chown -R 10001 . 2>/dev/null || chmod -R a+rX .
echo "Tokens are in $here/secrets: operator-token for every day, admin-token for erasing"
