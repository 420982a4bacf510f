#!/bin/sh
# Generates the secrets of a deployment as files, and the list of Redis users.
#
#   scripts/secrets.sh DIRECTORY
#
# Each service gets a folder with only the secrets it needs. Existing secrets are kept; the list of users is regenerated on
# every run. To replace a secret, delete its file, run this script, and restart the services that use it.
# docs/explanation/security.md describes replacements that players would notice.
#
# REDIS_ADDRESS   address of Redis; default redis:6379
# TEMPLATE        list of Redis users without passwords; default k8s/base/redis/users.acl.template
# BACKUPS         folder for `sector backup`; optional
#
# As root (for example in a container), gives each folder to the user of its service.
set -eu

refuse() {
    echo "secrets.sh: $1" >&2
    exit 1
}

[ $# -eq 1 ] || refuse "usage: scripts/secrets.sh DIRECTORY"
directory=$1
address=${REDIS_ADDRESS:-redis:6379}
template=${TEMPLATE:-$(dirname "$0")/../k8s/base/redis/users.acl.template}
[ -r "$template" ] || refuse "cannot read $template; set TEMPLATE to the list of Redis users"
umask 077
mkdir -p "$directory"

# Prints 256 random bits in hexadecimal.
random() {
    bits=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    [ ${#bits} -eq 64 ] || refuse "cannot read 32 bytes from /dev/urandom"
    echo "$bits"
}

# write FILE TEXT: writes a file atomically.
write() {
    printf '%s\n' "$2" >"$1.new"
    mv -f "$1.new" "$1"
}

# secret FILE: generates a secret unless the file exists.
secret() {
    if [ ! -s "$directory/$1" ]; then
        write "$directory/$1" "$(random)"
        echo "secrets.sh: generated $1"
    fi
}

for service in api sim-worker frontend bot-worker nft-minter operator redis grafana; do
    mkdir -p "$directory/$service"
done
secret api/jwt_secret
secret api/bot_api_tokens
secret nft-minter/minter_api_key
secret grafana/admin_password
# The bots use the first token that the API accepts.
first=$(sed -n '/[^[:space:]]/{p;q;}' "$directory/api/bot_api_tokens")
[ "$(cat "$directory/bot-worker/bot_api_token" 2>/dev/null || true)" = "$first" ] ||
    write "$directory/bot-worker/bot_api_token" "$first"

# Drop comments, join continued lines, expand key patterns.
users=$(awk '/^#/ || /^$/ { next } /^ / { user = user $0; next } { if (user) print user; user = $0 } END { print user }' "$template" |
    sed -e 's/\([ (]\)K:\([^ )]*\)/\1~sector:\2 ~{*}:sector:\2/g' \
        -e 's/\([ (]\)R:\([^ )]*\)/\1%R~sector:\2 %R~{*}:sector:\2/g')
for service in api sim-worker frontend nft-minter operator; do
    file=$directory/$service/redis_url
    password=$(sed -n 's|^redis://[^:@]*:\([^@]*\)@.*$|\1|p' "$file" 2>/dev/null || true)
    if [ -z "$password" ]; then
        password=$(random)
        echo "secrets.sh: generated $service/redis_url"
    fi
    url="redis://$service:$password@$address"
    [ "$(cat "$file" 2>/dev/null || true)" = "$url" ] || write "$file" "$url"
    digest=$(printf '%s' "$password" | sha256sum | cut -d ' ' -f 1)
    users=$(printf '%s\n' "$users" | sed -e "s/@$service@/$digest/g")
done
case $users in
*'#@'*) refuse "$template has a user without a generated password" ;;
esac
[ "$(cat "$directory/redis/users.acl" 2>/dev/null || true)" = "$users" ] ||
    write "$directory/redis/users.acl" "$users"

if [ "$(id -u)" -eq 0 ]; then
    # User ids of our images, Redis and Grafana. The top folder must be passable to reach the others.
    chmod 0711 "$directory"
    chown -R 65532:65532 "$directory/api" "$directory/sim-worker" "$directory/frontend" \
        "$directory/bot-worker" "$directory/nft-minter" "$directory/operator"
    chown -R 999:999 "$directory/redis"
    chown -R 472:472 "$directory/grafana"
    [ -z "${BACKUPS:-}" ] || chown 65532:65532 "$BACKUPS"
fi
