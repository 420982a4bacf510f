#!/usr/bin/env bash
# Pins the bytes of the images that are not built here: writes @sha256:… behind their names and versions.
#
#   scripts/pin-digests.sh            looks each name up in its registry, and writes what differs
#   scripts/pin-digests.sh --check    only says what differs, and then ends with 1
#
# A name that has a digest is looked up anew by its version, so that the same command follows a rebuilt base image, and
# raises the digest after a version was raised by hand. Either all names are found or nothing is written.
#
# It takes one of: skopeo, crane, docker with buildx. ROOT is another tree than this one.
set -euo pipefail

readonly FILES=(
    Dockerfile bins/nft-minter/Dockerfile docker-bake.hcl docker-compose.yml
    k8s/base/redis/redis.yaml k8s/ingress-nginx/controller.yaml
)
# A name of the images used here, its version, and its digest if it has one.
readonly NAMES='((docker\.io/)?(library/)?(rust|redis|prom/prometheus|grafana/grafana|nginx/nginx-ingress|docker/dockerfile)):v?[0-9][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?'

refuse() {
    printf 'pin-digests.sh: %s\n' "$*" >&2
    exit 1
}

check=0
case ${1:-} in
'') ;;
--check) check=1 ;;
*) refuse "there is no option $1; there is --check" ;;
esac
cd "${ROOT:-$(dirname "$0")/..}"

if command -v skopeo >/dev/null; then
    tool=skopeo
elif command -v crane >/dev/null; then
    tool=crane
elif docker buildx version >/dev/null 2>&1; then
    tool=docker
else
    refuse "nothing here asks registries: install skopeo, crane or docker with buildx"
fi

# The digest of what a registry has under a name: of the list of all architectures, where there is one.
digest() {
    local name=$1
    case $name in
    docker.io/*) ;;
    */*) name=docker.io/$name ;;
    *) name=docker.io/library/$name ;;
    esac
    case $tool in
    skopeo) skopeo inspect --raw "docker://$name" | sha256sum | sed 's/^\([0-9a-f]*\).*/sha256:\1/' ;;
    crane) crane digest "$name" ;;
    docker) docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$name" ;;
    esac
}

script=
differs=0
found=$(grep -hoE "$NAMES" "${FILES[@]}" | sort -u) || refuse "no image is named in ${FILES[*]}"
for reference in $found; do
    name=${reference%@*}
    now=$(digest "$name") || refuse "$name was not found by $tool; nothing was written"
    [[ $now =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "$tool says that the digest of $name is '$now'; nothing was written"
    if [[ $reference == "$name@$now" ]]; then
        printf 'as it was  %s\n' "$reference"
    else
        printf 'differs    %s is %s\n' "$reference" "$now"
        differs=1
    fi
    # Not where the name is the end of a longer one, nor where the version goes on.
    script+="s#(^|:-|[^A-Za-z0-9._/-])${name//./\\.}(@sha256:[0-9a-f]{64})?(\$|[^A-Za-z0-9._@-])#\\1$name@$now\\3#g;"
done
[[ $differs == 1 ]] || exit 0
[[ $check == 0 ]] || refuse "digests differ: run scripts/pin-digests.sh, try what it brings, commit"
sed -E -i "$script" "${FILES[@]}"
printf 'written; try what it brings, and commit it\n'
