#!/bin/sh
# Makes the secrets of a deployment, as files, and Redis' list of users from them.
#
#   scripts/secrets.sh DIRECTORY
#
# A folder for each service, which holds what that service needs and nothing else. A secret that is there is kept; the
# list of users is written anew each time. To replace a secret, delete its file, run this, and restart what uses it
# (docs/explanation/security.md says how to replace those that players would notice).
#
# REDIS_ADDRESS (redis:6379) is where services find Redis. TEMPLATE is the list of users before it has passwords. BACKUPS,
# if it is set, is the folder that `sector backup` may write to.
# Run as root, as in a container, it gives each folder to the user that its service runs as.
set -eu

refuse() {
    echo "secrets.sh: $1" >&2
    exit 1
}

[ $# -eq 1 ] || refuse "usage: scripts/secrets.sh DIRECTORY"
directory=$1
address=${REDIS_ADDRESS:-redis:6379}
template=${TEMPLATE:-$(dirname "$0")/../k8s/base/redis/users.acl.template}
[ -r "$template" ] || refuse "$template cannot be read; name the list of users in TEMPLATE"
umask 077
mkdir -p "$directory"

# 256 random bits, in hexadecimal.
random() {
    bits=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    [ ${#bits} -eq 64 ] || refuse "/dev/urandom gave too little"
    echo "$bits"
}

# write FILE TEXT: whole or not at all.
write() {
    printf '%s\n' "$2" >"$1.new"
    mv -f "$1.new" "$1"
}

# secret FILE: makes it unless it is there.
secret() {
    if [ ! -s "$directory/$1" ]; then
        write "$directory/$1" "$(random)"
        echo "secrets.sh: made $1"
    fi
}

for service in api sim-worker frontend bot-worker nft-minter operator redis grafana; do
    mkdir -p "$directory/$service"
done
secret api/jwt_secret
secret api/bot_api_tokens
secret nft-minter/minter_api_key
secret grafana/admin_password
# The bots present the first of the tokens that the API takes.
first=$(sed -n '/[^[:space:]]/{p;q;}' "$directory/api/bot_api_tokens")
[ "$(cat "$directory/bot-worker/bot_api_token" 2>/dev/null || true)" = "$first" ] ||
    write "$directory/bot-worker/bot_api_token" "$first"

# Comments go, lines are joined, keys are written out.
users=$(awk '/^#/ || /^$/ { next } /^ / { user = user $0; next } { if (user) print user; user = $0 } END { print user }' "$template" |
    sed -e 's/\([ (]\)K:\([^ )]*\)/\1~sector:\2 ~{*}:sector:\2/g' \
        -e 's/\([ (]\)R:\([^ )]*\)/\1%R~sector:\2 %R~{*}:sector:\2/g')
for service in api sim-worker frontend nft-minter operator; do
    file=$directory/$service/redis_url
    password=$(sed -n 's|^redis://[^:@]*:\([^@]*\)@.*$|\1|p' "$file" 2>/dev/null || true)
    if [ -z "$password" ]; then
        password=$(random)
        echo "secrets.sh: made $service/redis_url"
    fi
    url="redis://$service:$password@$address"
    [ "$(cat "$file" 2>/dev/null || true)" = "$url" ] || write "$file" "$url"
    digest=$(printf '%s' "$password" | sha256sum | cut -d ' ' -f 1)
    users=$(printf '%s\n' "$users" | sed -e "s/@$service@/$digest/g")
done
case $users in
*'#@'*) refuse "$template names a user that has no password" ;;
esac
[ "$(cat "$directory/redis/users.acl" 2>/dev/null || true)" = "$users" ] ||
    write "$directory/redis/users.acl" "$users"

if [ "$(id -u)" -eq 0 ]; then
    # Of the images: ours, Redis, Grafana. The folder itself is for whoever mounts the ones within.
    chmod 0711 "$directory"
    chown -R 65532:65532 "$directory/api" "$directory/sim-worker" "$directory/frontend" \
        "$directory/bot-worker" "$directory/nft-minter" "$directory/operator"
    chown -R 999:999 "$directory/redis"
    chown -R 472:472 "$directory/grafana"
    [ -z "${BACKUPS:-}" ] || chown 65532:65532 "$BACKUPS"
fi
