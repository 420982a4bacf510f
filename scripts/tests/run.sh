#!/usr/bin/env bash
# Tests secrets.sh, pin-digests.sh and deploy_vps.sh with stubs of all commands; the machine is not changed.
# `cargo xtask deploy` runs it.
# shellcheck disable=SC2016 # Stubs expand these variables, not this shell.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0

# check WHAT COMMAND…: passes if the command succeeds.
check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$what" >&2
        [[ ! -f $work/out ]] || sed 's/^/    | /' "$work/out" >&2
    fi
}

says() { grep -qF -- "$1" "$work/out"; }
ran() { grep -qE -- "$1" "$work/calls"; }
fails() { ! "$@"; }
never_ran() { ! ran "$1"; }

# stub NAME BODY: a command that records its arguments, then runs the body.
stub() {
    {
        printf '#!/bin/bash\nprintf "%%s %%s\\n" "%s" "$*" >>"%s/calls"\n' "$1" "$work"
        printf '%s\n' "$2"
    } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# A fresh machine on which everything works.
machine() {
    rm -rf "${work:?}/bin" "$work/state" "$work/repo" "$work/installed" "$work/out"
    mkdir -p "$work/bin" "$work/installed"
    : >"$work/calls"
    stub id 'echo "${ID:-0}"'
    stub uname 'case $1 in -s) echo Linux ;; *) echo x86_64 ;; esac'
    stub free 'printf "total used\nMem: %s 1 1\n" "${MEMORY:-4000}"'
    stub df 'printf "Filesystem x\n/dev/x 1 1 %s 1%% /\n" "${DISK:-50000}"'
    stub timedatectl 'echo "${CLOCK:-yes}"'
    stub systemctl 'case $1 in is-*) [[ -e '"$work"'/installed/k3s-runs ]] ;; enable) : >'"$work"'/installed/k3s-runs ;; esac'
    stub getent '[[ -z ${NO_NAME:-} ]] && echo "203.0.113.7 STREAM x"'
    stub ip 'echo "2: eth0 inet ${ADDRESS:-203.0.113.7}/24 scope global eth0"'
    stub ss '[[ -z ${LISTENS:-} ]] || printf "LISTEN 0 1 *:80 *:* users:((\"%s\",pid=1,fd=1))\n" "$LISTENS"'
    stub ufw 'echo "Status: inactive"'
    stub sleep ':'
    # The download is the text k3s; SUM overrides its checksum.
    stub curl 'out=; for a in "$@"; do [[ $last != -o ]] || out=$a; last=$a; done
case "$*" in
*sha256sum-*) printf "%s  k3s\n" "${SUM:-'"$(printf k3s | sha256sum | cut -d " " -f 1)"'}" >"$out" ;;
*releases/download*k3s) printf k3s >"$out" ;;
*health*) [[ -z ${SITE_DEAD:-} ]] ;;
esac'
    stub install '[[ $1 == -d ]] && exec /usr/bin/install "$@"
/usr/bin/install "$@" && ln -sf '"$work"'/bin/k3s-installed '"$work"'/bin/k3s'
    stub k3s-installed 'case "$*" in
--version) echo "k3s version ${K3S_INSTALLED:-v1.36.4+k3s1} (x)" ;;
"ctr -n k8s.io images ls -q") cat '"$work"'/installed/images 2>/dev/null ;;
"ctr -n k8s.io images import -") cat >/dev/null ;;
*"get helmchartconfig traefik"*) [[ -z ${TRAEFIK_SET:-} ]] || echo helmchartconfig/traefik ;;
*"jsonpath="*) cat '"$work"'/installed/cert-manager 2>/dev/null ;;
*"apply --server-side"*) echo "x:v1.21.2" >'"$work"'/installed/cert-manager ;;
*" kustomize "*) if [[ -n ${KUBECTL:-} ]]; then exec "$KUBECTL" kustomize "${@: -1}"; else cat "${@: -1}/kustomization.yaml"; fi ;;
*" diff -f "*) cmp -s "${@: -1}" '"$work"'/installed/applied ;;
*" apply -f "*) cp "${@: -1}" '"$work"'/installed/applied ;;
*rollout*) [[ "$*" != *"${BROKEN:-nothing is}"* ]] ;;
esac'
    # Records built images, so that they are found afterwards.
    stub docker '[[ $1 != "${NO_DOCKER:-none}" ]] || exit 1
case "$1 $2" in "buildx build") for a in "$@"; do [[ $last != -t ]] || echo "$a" >>'"$work"'/installed/images; last=$a; done ;; "save "*) echo layers ;; esac'
    # The repository is this working tree.
    stub git 'case "$*" in
clone*) mkdir -p "${@: -1}/.git" && cp -R '"$root"'/k8s '"$root"'/scripts "${@: -1}/" && rm -rf "${@: -1}/k8s/components/secrets/generated" ;;
*"remote get-url origin") echo "${REMOTE:-https://example.net/sector.git}" ;;
*"status --porcelain") printf "%s" "${DIRTY:-}" ;;
*rev-parse*) echo "${REVISION:-0123456789ab}" ;;
esac'
}

# deploy [VARIABLE=value…] [-- ARGUMENT…]: runs deploy_vps.sh; output goes to out, commands to calls.
deploy() {
    local variables=() arguments=(https://example.net/sector.git)
    while [[ $# -gt 0 && $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    [[ $# -eq 0 ]] || arguments=("${@:2}")
    : >"$work/calls"
    env -i PATH="$work/bin:/usr/bin:/bin" HOME="$work" DOMAIN=sector.example.net EMAIL=someone@mail.net \
        STATE_DIR="$work/state" REPO_DIR="$work/repo" BIN_DIR="$work/installed/bin" UNIT_DIR="$work/installed/units" MANIFESTS_DIR="$work/installed/manifests" \
        KUBECONFIG_PATH="$work/kubeconfig" WAIT_SECONDS=0 KUBECTL="$kubectl" "${variables[@]}" \
        bash "$root/deploy_vps.sh" "${arguments[@]}" >"$work/out" 2>&1
}

refuses() { # SENTENCE [VARIABLE=value…] [-- ARGUMENT…]: exits with that sentence and changes nothing.
    local sentence=$1 status=0
    shift
    deploy "$@" || status=$?
    [[ $status == 1 ]] && says "$sentence" && says "deploy_vps.sh: " && never_ran '^(docker (buildx build|save)|install|systemctl (enable|disable)|git clone|k3s-installed .*apply)'
}

kubectl=$(command -v kubectl || true)
mkdir -p "$work/bin"

# secrets.sh

sh "$root/scripts/secrets.sh" "$work/secrets" >/dev/null
check "all secrets are generated" test -s "$work/secrets/api/jwt_secret" -a -s "$work/secrets/operator/redis_url"
check "secrets are readable only by their owner" test -z "$(find "$work/secrets" -type f -perm /077)"
cp -Rp "$work/secrets" "$work/before"
sh "$root/scripts/secrets.sh" "$work/secrets" >"$work/out"
check "a second run changes nothing" diff -r "$work/before" "$work/secrets"
check "and prints nothing" test ! -s "$work/out"
check "no secret is used twice" test -z "$(cat "$work"/secrets/*/jwt_secret "$work"/secrets/*/minter_api_key "$work"/secrets/*/bot_api_tokens | sort | uniq -d)"
check "the bots use the token that the API accepts" cmp "$work/secrets/api/bot_api_tokens" "$work/secrets/bot-worker/bot_api_token"
password=$(sed 's|^redis://api:\(.*\)@redis:6379$|\1|' "$work/secrets/api/redis_url")
check "the Redis users have password digests" grep -qF "#$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)" "$work/secrets/redis/users.acl"
check "and no plain passwords" test -z "$(grep -F "$password" "$work/secrets/redis/users.acl")"
REDIS_ADDRESS=elsewhere:6380 sh "$root/scripts/secrets.sh" "$work/secrets" >/dev/null
check "a changed address keeps the password" grep -qxF "redis://api:$password@elsewhere:6380" "$work/secrets/api/redis_url"
printf 'new\n%s\n' "$(cat "$work/secrets/api/bot_api_tokens")" >"$work/secrets/api/bot_api_tokens"
sh "$root/scripts/secrets.sh" "$work/secrets" >/dev/null
check "of several tokens, the bots use the first" grep -qx new "$work/secrets/bot-worker/bot_api_token"
if [[ $(id -u) == 0 ]]; then
    mkdir "$work/backups"
    BACKUPS="$work/backups" sh "$root/scripts/secrets.sh" "$work/secrets" >/dev/null
    check "the tools may write backups" test "$(stat -c %u:%g "$work/backups")" = 65532:65532
fi
rm -rf "$work/secrets" "$work/before" "$work/backups" "$work/out"

# pin-digests.sh

mkdir -p "$work/tree/bins/nft-minter" "$work/tree/k8s/base/redis" "$work/tree/k8s/ingress-nginx"
for file in Dockerfile bins/nft-minter/Dockerfile docker-bake.hcl docker-compose.yml k8s/base/redis/redis.yaml k8s/ingress-nginx/controller.yaml; do
    # Start without pinned digests.
    sed -E 's/@sha256:[0-9a-f]{64}//' "$root/$file" >"$work/tree/$file"
done
cp -R "$work/tree" "$work/unpinned"
# Basic commands only, so that no real registry tool is found.
mkdir "$work/plain"
for command in bash env dirname grep sort sed sha256sum cut; do
    ln -s "$(command -v "$command")" "$work/plain/$command"
done
# A registry in which a name's digest is the SHA-256 of the name and $AGE.
asked='name=$(printf "%s" "$*" | grep -oE "docker\.io/[a-z/-]+:[A-Za-z0-9._-]+"); [[ "$name" != "${MISSING:-none}"* ]] || exit 1'
stub skopeo "$asked"'; printf "%s%s" "$name" "${AGE:-}"'
stub crane "$asked"'; printf "sha256:"; printf "%s%s" "$name" "${AGE:-}" | sha256sum | cut -c 1-64'
stub docker "$asked"'; [[ -n $name ]] || exit 0; printf "sha256:"; printf "%s%s" "$name" "${AGE:-}" | sha256sum | cut -c 1-64'

pin() { # [VARIABLE=value…] [-- ARGUMENT…]
    local variables=()
    while [[ $# -gt 0 && $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    : >"$work/calls"
    env "PATH=$work/bin:$work/plain" ROOT="$work/tree" "${variables[@]}" "$root/scripts/pin-digests.sh" "${@:2}" >"$work/out" 2>&1
}
# has FILE NAME AGE LOOKUP: the file pins the image to its digest.
has() { grep -qE "(^|:-|[^a-z./-])$2@sha256:$(printf '%s%s' "$4" "$3" | sha256sum | cut -c 1-64)([^0-9a-f]|\$)" "$work/tree/$1"; }
same() { diff -r "$work/$1" "$work/$2" >"$work/out"; }

for tool in skopeo crane docker; do
    rm -rf "$work/tree"
    cp -R "$work/unpinned" "$work/tree"
    check "digests are written with $tool" pin
    check "$tool is called" ran "^$tool .*docker.io/grafana/grafana:"
    redis=$(grep -oE 'redis:[0-9.]+' "$work/unpinned/docker-compose.yml" | head -n 1)
    rust=$(grep -oE 'rust:[0-9][A-Za-z0-9.-]+' "$work/unpinned/Dockerfile" | head -n 1)
    check "$tool: pins Redis" has docker-compose.yml "$redis" "" "docker.io/library/$redis"
    check "$tool: pins a full name" has k8s/base/redis/redis.yaml "docker.io/library/$redis" "" "docker.io/library/$redis"
    for file in Dockerfile bins/nft-minter/Dockerfile docker-bake.hcl; do
        check "$tool: pins Rust in $file" has "$file" "$rust" "" "docker.io/library/$rust"
    done
    check "$tool: pins every name" test "$(grep -rhoE '@sha256:[0-9a-f]{64}' "$work/tree" | wc -l)" = 11
    check "$tool: changes nothing else" test -z "$(diff -r <(cat "$work"/unpinned/*compose* "$work"/unpinned/k8s/*/*.yaml) <(cat "$work"/tree/*compose* "$work"/tree/k8s/*/*.yaml | sed -E 's/@sha256:[0-9a-f]{64}//'))"
    rm -rf "$work/pinned"
    cp -R "$work/tree" "$work/pinned"
    check "$tool: a second run succeeds" pin
    check "$tool: a second run changes nothing" same pinned tree
    check "$tool: --check succeeds" pin -- --check
    check "$tool: --check finds a changed digest" fails pin AGE=2 -- --check
    check "$tool: --check names the image" says "changed    docker.io/nginx/nginx-ingress:"
    check "$tool: --check writes nothing" same pinned tree
    check "$tool: a missing image is an error" fails pin AGE=2 MISSING=docker.io/prom
    check "$tool: after an error nothing is written" same pinned tree
    check "$tool: a changed digest is written" pin AGE=2
    check "$tool: the new digest replaces the old one" has docker-compose.yml "$redis" 2 "docker.io/library/$redis"
    # Continue with the next tool.
    rm "$work/bin/$tool"
done
check "fails without a registry tool" fails pin
check "and says what to install" says "install skopeo, crane or docker"
check "fails on an unknown option" fails pin -- --force
rm -rf "$work/tree" "$work/unpinned" "$work/pinned" "$work/plain" "$work/out"

# deploy_vps.sh: refusals

machine
check "no repository" refuses "usage:" --
check "an invalid repository URL" refuses "is not the URL of a git repository" -- 'x; rm -rf /'
check "a password in the URL" refuses "contains a password" -- https://a:b@example.net/x.git
check "an unknown option" refuses "unknown option --force" -- https://example.net/sector.git --force
check "two repositories" refuses "more than one repository" -- https://a.net/x https://b.net/x
for bad in "" sector Sector.Example.Net -x.net x_y.net 203.0.113.7 a..net; do
    check "the name '$bad'" refuses "DOMAIN" DOMAIN="$bad"
done
for bad in sector.local sector.example.org sector.test; do
    check "a name without certificates: $bad" refuses "cannot get a certificate" DOMAIN="$bad"
done
check "no e-mail address" refuses "EMAIL is not set" EMAIL=
check "an invalid e-mail address" refuses "is not an e-mail address" EMAIL=someone
check "an example e-mail address" refuses "is an example" EMAIL=you@example.org
check "an invalid k3s version" refuses "is not a k3s version" K3S_VERSION=latest
check "a moving tag" refuses "IMAGE_TAG=latest" IMAGE_TAG=latest
check "an invalid tag" refuses "is not an image tag" "IMAGE_TAG=a b"
check "a path with .." refuses "is not an absolute path" REPO_DIR=/opt/../etc
check "not root" refuses "must run as root" ID=1000
check "too little memory" refuses "not enough memory: 900 MB" MEMORY=900
check "too little disk space" refuses "not enough disk space on /: 500 MB free" DISK=500
check "an unsynchronized clock" refuses "not synchronized by NTP" CLOCK=no
check "no BuildKit" refuses "lacks BuildKit" NO_DOCKER=buildx
check "docker is not running" refuses "docker is not running" NO_DOCKER=info
check "a name that does not resolve" refuses "does not resolve" NO_NAME=1
check "a name of another machine" refuses "set ALLOW_DNS_MISMATCH=1" ADDRESS=198.51.100.1
check "nginx uses the port" refuses "set STOP_HOST_NGINX=1" LISTENS=nginx
check "another program uses the port" refuses "apache2 uses port 80" LISTENS=apache2
check "no release to roll back to" refuses "no previous release" -- https://example.net/sector.git --rollback
rm "$work/bin/docker"
check "docker is not installed" refuses "missing commands: docker"

# deploy_vps.sh: actions

machine
check "a dry run succeeds" deploy LISTENS=nginx STOP_HOST_NGINX=1 -- https://example.net/sector.git --dry-run
check "and prints what it would do" says "would download k3s v1.36.4+k3s1, verify its checksum, and install it"
check "it would stop nginx" says "would run: systemctl disable --now nginx"
check "and changes nothing" never_ran '^(curl|docker (buildx build|save)|install|systemctl (enable|disable|restart)|git clone|k3s)'
check "nothing was written" test ! -e "$work/state" -a ! -e "$work/repo"

check "a bad checksum is refused" fails deploy "SUM=$(printf x | sha256sum | cut -d ' ' -f 1)"
check "with a clear error" says "does not match checksum"
check "and nothing was installed" test ! -e "$work/installed/bin/k3s"

machine
mkdir -p "$work/installed/bin"
check "a fresh machine is set up" deploy
check "k3s is downloaded from its release" ran '^curl .*releases/download/v1.36.4%2Bk3s1/k3s$'
check "and started" ran '^systemctl restart k3s'
for service in api frontend sim-worker bot-worker tools; do
    check "$service is built" ran "^docker buildx build .*--target $service .*-t localhost/sector/$service:0123456789ab "
done
check "cert-manager is installed" ran 'apply --server-side -f https://.*/v1.21.2/cert-manager.yaml'
check "Traefik keeps the addresses of clients" grep -qx '        externalTrafficPolicy: Local' "$work/installed/manifests/sector-traefik.yaml"
check "the page address is printed" says "page:      https://sector.example.net/"
check "firewall advice is printed" says "firewall:  open 80/tcp and 443/tcp"
check "secrets are kept" test -s "$work/state/secrets/api/jwt_secret"
check "only in the state folder" test ! -e "$work/repo/k8s/components/secrets/generated"
check "releases are readable only by their owner" test -z "$(find "$work/state" -type f -perm /077)"
if [[ -n $kubectl ]]; then
    check "the ingress has the host name" grep -q 'host: sector.example.net' "$work/installed/applied"
    check "logins use the host name" grep -q 'AUTH_URI: https://sector.example.net' "$work/installed/applied"
    check "the images are the built ones" grep -q 'image: localhost/sector/api:0123456789ab' "$work/installed/applied"
    check "the issuer has the e-mail address" grep -q 'email: someone@mail.net' "$work/installed/applied"
    check "no example value is left" bash -c "! grep -q 'example\.org' '$work/installed/applied'"
else
    echo "SKIPPED: rendered manifests, because kubectl is not installed"
fi

check "a second run succeeds" deploy
check "and changes nothing" never_ran '^(docker (buildx build|save)|install|systemctl (enable|disable|restart)|k3s.* apply )'
check "and says so" says "no changes"

check "a custom tag succeeds" deploy IMAGE_TAG=0123456789ab REVISION=aaaaaaaaaaaa
check "and warns that an existing tag is not rebuilt" says "api:0123456789ab is not rebuilt: for another commit, change or unset IMAGE_TAG"
rm "$work/installed/manifests/sector-traefik.yaml"
check "existing Traefik settings are kept" deploy TRAEFIK_SET=1
check "with a warning" says "warning: Traefik has custom settings"
check "and no file" test ! -e "$work/installed/manifests/sector-traefik.yaml"

check "an upgrade succeeds" deploy REVISION=fedcba987654
check "it builds new images" ran '^docker buildx build .*-t localhost/sector/api:fedcba987654 '
check "it is applied" ran ' apply -f .*/releases/fedcba987654.yaml'
check "k3s is not touched" never_ran '^(curl .*download|systemctl restart)'
check "a rollback succeeds" deploy -- https://example.net/sector.git --rollback
check "it applies the previous release" ran ' apply -f .*/releases/0123456789ab.yaml'
check "it builds nothing" never_ran '^docker (buildx build|save)'
check "a second rollback succeeds" deploy -- https://example.net/sector.git --rollback
check "it applies the newer release" ran ' apply -f .*/releases/fedcba987654.yaml'

check "an older k3s is replaced" deploy K3S_INSTALLED=v1.35.8+k3s1
check "and restarted" ran '^systemctl restart k3s'
check "a newer k3s is refused" refuses "is installed and newer" K3S_INSTALLED=v1.37.0+k3s1
check "1.36.10 is newer than 1.36.4" refuses "is installed and newer" K3S_INSTALLED=v1.36.10+k3s1
check "uncommitted changes are refused" refuses "uncommitted changes" DIRTY=" M x"
check "a clone of another repository is refused" refuses "is a clone of https://other.net" REMOTE=https://other.net/x.git
check "nginx is stopped on request" deploy LISTENS=nginx STOP_HOST_NGINX=1
check "and disabled" ran '^systemctl disable --now nginx'
check "a name behind NAT is allowed on request" deploy ADDRESS=10.0.0.2 ALLOW_DNS_MISMATCH=1
check "with a warning" says "warning: sector.example.net resolves to another machine"
check "fails if a service does not become ready" fails deploy BROKEN=deployment/api
check "and prints the rollback command" says "--rollback"
check "fails if the site does not answer" fails deploy SITE_DEAD=1
check "and says what to check" says "is port 80 open to the world?"

printf '%s script checks, %s failed\n' "$((passed + failed))" "$failed"
[[ $failed == 0 ]]
