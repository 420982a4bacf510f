#!/usr/bin/env bash
# Pins third-party images by digest: appends @sha256:… to their names and versions.
#
#   scripts/pin-digests.sh            looks up each name in its registry and writes changed digests
#   scripts/pin-digests.sh --check    only lists changed digests; exits with 1 if there are any
#
# Pinned names are looked up again by version. Run it after a base image is rebuilt or after changing a version by hand.
# If any name is not found, nothing is written.
#
# Needs skopeo, crane, or docker with buildx. ROOT names another source tree.
set -euo pipefail

readonly FILES=(
    Dockerfile bins/nft-minter/Dockerfile docker-bake.hcl docker-compose.yml
    k8s/base/redis/redis.yaml k8s/ingress-nginx/controller.yaml
)
# An image name, its version, and its digest if pinned.
readonly NAMES='((docker\.io/)?(library/)?(rust|redis|prom/prometheus|grafana/grafana|nginx/nginx-ingress|docker/dockerfile)):v?[0-9][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?'

refuse() {
    printf 'pin-digests.sh: %s\n' "$*" >&2
    exit 1
}

check=0
case ${1:-} in
'') ;;
--check) check=1 ;;
*) refuse "unknown option $1; the only option is --check" ;;
esac
cd "${ROOT:-$(dirname "$0")/..}"

if command -v skopeo >/dev/null; then
    tool=skopeo
elif command -v crane >/dev/null; then
    tool=crane
elif docker buildx version >/dev/null 2>&1; then
    tool=docker
else
    refuse "no tool to query registries: install skopeo, crane or docker with buildx"
fi

# Digest of an image in its registry; of the index if it has several architectures.
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
found=$(grep -hoE "$NAMES" "${FILES[@]}" | sort -u) || refuse "no image found in ${FILES[*]}"
for reference in $found; do
    name=${reference%@*}
    now=$(digest "$name") || refuse "$tool cannot find $name; nothing was written"
    [[ $now =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "$tool returned the invalid digest '$now' for $name; nothing was written"
    if [[ $reference == "$name@$now" ]]; then
        printf 'unchanged  %s\n' "$reference"
    else
        printf 'changed    %s is now %s\n' "$reference" "$now"
        differs=1
    fi
    # Don't match the end of a longer name or the start of a longer version.
    script+="s#(^|:-|[^A-Za-z0-9._/-])${name//./\\.}(@sha256:[0-9a-f]{64})?(\$|[^A-Za-z0-9._@-])#\\1$name@$now\\3#g;"
done
[[ $differs == 1 ]] || exit 0
[[ $check == 0 ]] || refuse "digests changed: run scripts/pin-digests.sh, test the new images, commit"
sed -E -i "$script" "${FILES[@]}"
printf 'digests written; test the new images, then commit\n'
