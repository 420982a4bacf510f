#!/usr/bin/env bash
# Installs a sector on one machine: k3s, images built there, TLS by Let's Encrypt. See docs/how-to/deploy-vps.md.
#
#   DOMAIN=sector.example.org EMAIL=you@example.org ./deploy_vps.sh <git_repo_url> [--dry-run]
#   DOMAIN=… EMAIL=… ./deploy_vps.sh <git_repo_url> --rollback      apply the previous release
#
# A second run changes nothing; a run after a change in the repository upgrades. --dry-run prints what it would do.
#
# Optional: KUBECONFIG_PATH REPO_DIR REPO_REF K3S_VERSION K3S_SHA256 IMAGE_NAME IMAGE_TAG STOP_HOST_NGINX=1
# TLS_SECRET_NAME ALLOW_DNS_MISMATCH=1 WAIT_SECONDS STATE_DIR
set -euo pipefail

readonly CERT_MANAGER_VERSION=v1.21.2
readonly SERVICES=(api frontend sim-worker bot-worker tools)
readonly MEMORY_MB_MIN=1900
readonly DISK_MB_MIN=10000

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
refuse() {
    printf 'deploy_vps.sh: %s\n' "$*" >&2
    exit 1
}

# Runs a command that changes something; with --dry-run, prints it.
do_it() {
    if [[ $dry_run == 1 ]]; then
        say "would run: $*"
    else
        "$@"
    fi
}

# do_script WHAT FUNCTION: the same for a change of several commands.
do_script() {
    if [[ $dry_run == 1 ]]; then
        say "would $1"
    else
        "$2"
    fi
}

k() { k3s kubectl --kubeconfig "$KUBECONFIG_PATH" "$@"; }

parse_arguments() {
    dry_run=0
    rollback=0
    repo_url=
    local argument
    for argument in "$@"; do
        case $argument in
        --dry-run) dry_run=1 ;;
        --rollback) rollback=1 ;;
        -*) refuse "unknown option $argument; the options are --dry-run and --rollback" ;;
        *)
            [[ -z $repo_url ]] || refuse "more than one repository: $repo_url and $argument"
            repo_url=$argument
            ;;
        esac
    done
    [[ -n $repo_url ]] || refuse "usage: DOMAIN=… EMAIL=… ./deploy_vps.sh <git_repo_url> [--dry-run | --rollback]"
    [[ $repo_url =~ ^(https://|ssh://|git@|file:///|/)[A-Za-z0-9@:/._~-]+$ ]] ||
        refuse "$repo_url is not the URL of a git repository"
    [[ $repo_url != *://*:*@* ]] || refuse "the repository URL contains a password; use a deploy key instead"
}

check_settings() {
    DOMAIN=${DOMAIN:-}
    EMAIL=${EMAIL:-}
    KUBECONFIG_PATH=${KUBECONFIG_PATH:-/etc/rancher/k3s/k3s.yaml}
    REPO_DIR=${REPO_DIR:-/opt/sector}
    REPO_REF=${REPO_REF:-}
    K3S_VERSION=${K3S_VERSION:-v1.36.4+k3s1}
    IMAGE_NAME=${IMAGE_NAME:-localhost/sector}
    IMAGE_TAG=${IMAGE_TAG:-}
    STOP_HOST_NGINX=${STOP_HOST_NGINX:-0}
    TLS_SECRET_NAME=${TLS_SECRET_NAME:-sector-tls}
    ALLOW_DNS_MISMATCH=${ALLOW_DNS_MISMATCH:-0}
    WAIT_SECONDS=${WAIT_SECONDS:-600}
    STATE_DIR=${STATE_DIR:-/etc/sector}
    BIN_DIR=${BIN_DIR:-/usr/local/bin}
    UNIT_DIR=${UNIT_DIR:-/etc/systemd/system}
    MANIFESTS_DIR=${MANIFESTS_DIR:-/var/lib/rancher/k3s/server/manifests}

    [[ -n $DOMAIN ]] || refuse "DOMAIN is not set; set it to the host name of the site, such as DOMAIN=sector.example.org"
    [[ ${#DOMAIN} -le 253 && $DOMAIN =~ ^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$ ]] ||
        refuse "DOMAIN=$DOMAIN is not a lower-case host name, such as sector.example.org"
    case $DOMAIN in
    *.local | *.localhost | *.invalid | *.test | *.example | *.internal | *example.org | *example.com)
        refuse "DOMAIN=$DOMAIN cannot get a certificate: use a public name that you own"
        ;;
    esac
    [[ -n $EMAIL ]] || refuse "EMAIL is not set; Let's Encrypt writes there when a certificate is about to expire"
    [[ $EMAIL =~ ^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$ ]] || refuse "EMAIL=$EMAIL is not an e-mail address"
    [[ $EMAIL != *@example.* ]] || refuse "EMAIL=$EMAIL is an example; set your own address"
    [[ $K3S_VERSION =~ ^v1\.[0-9]+\.[0-9]+\+k3s[0-9]+$ ]] ||
        refuse "K3S_VERSION=$K3S_VERSION is not a k3s version, such as v1.36.4+k3s1"
    [[ -z ${K3S_SHA256:-} || $K3S_SHA256 =~ ^[0-9a-f]{64}$ ]] || refuse "K3S_SHA256 is not a SHA-256 (64 hexadecimal digits)"
    [[ $IMAGE_NAME =~ ^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$ ]] || refuse "IMAGE_NAME=$IMAGE_NAME is not an image name"
    [[ -z $IMAGE_TAG || $IMAGE_TAG =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]] ||
        refuse "IMAGE_TAG=$IMAGE_TAG is not an image tag"
    [[ $IMAGE_TAG != latest ]] || refuse "IMAGE_TAG=latest is ambiguous; leave it unset to use the commit"
    [[ $TLS_SECRET_NAME =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$ ]] ||
        refuse "TLS_SECRET_NAME=$TLS_SECRET_NAME is not a valid Secret name"
    [[ $WAIT_SECONDS =~ ^[0-9]+$ ]] || refuse "WAIT_SECONDS=$WAIT_SECONDS is not a whole number"
    local path
    for path in "$REPO_DIR" "$STATE_DIR" "$KUBECONFIG_PATH"; do
        [[ $path == /* && $path != / && $path != *..* ]] || refuse "$path is not an absolute path below / without .."
    done
}

check_machine() {
    step "machine"
    local command missing=()
    for command in git curl sha256sum docker systemctl ss getent ip awk install; do
        command -v "$command" >/dev/null || missing+=("$command")
    done
    [[ ${#missing[@]} -eq 0 ]] ||
        refuse "missing commands: ${missing[*]} (Debian: apt-get install git curl docker.io docker-buildx iproute2)"
    [[ $(id -u) == 0 ]] || refuse "must run as root: use sudo -E to keep DOMAIN and EMAIL"
    case $(uname -s)-$(uname -m) in
    Linux-x86_64) arch=amd64 ;;
    Linux-aarch64) arch=arm64 ;;
    *) refuse "k3s needs Linux on x86_64 or aarch64 (got $(uname -s) on $(uname -m))" ;;
    esac
    docker buildx version >/dev/null 2>&1 || refuse "docker lacks BuildKit: install docker-buildx"
    docker info >/dev/null 2>&1 || refuse "docker is not running: systemctl start docker"
    local memory disk
    memory=$(free -m | awk '/^Mem:/ { print $2 }')
    [[ $memory -ge $MEMORY_MB_MIN ]] || refuse "not enough memory: $memory MB, need $MEMORY_MB_MIN MB to build and run"
    disk=$(df -Pm / | awk 'NR == 2 { print $4 }')
    [[ $disk -ge $DISK_MB_MIN ]] || refuse "not enough disk space on /: $disk MB free, need $DISK_MB_MIN MB"
    [[ $(timedatectl show -p NTPSynchronized --value 2>/dev/null || true) != no ]] ||
        refuse "the clock is not synchronized by NTP: timedatectl set-ntp true"
    check_name
    check_ports
}

# Without a name that resolves to this machine, no certificate is issued.
check_name() {
    local named here address
    named=$(getent ahosts "$DOMAIN" | awk '{ print $1 }' | sort -u || true)
    [[ -n $named ]] || refuse "$DOMAIN does not resolve: add an A record with the address of this machine"
    here=$(ip -o addr show scope global | awk '{ split($4, parts, "/"); print parts[1] }')
    for address in $named; do
        if grep -qxF "$address" <<<"$here"; then
            return
        fi
    done
    [[ $ALLOW_DNS_MISMATCH == 1 ]] ||
        refuse "$DOMAIN resolves to $(tr '\n' ' ' <<<"$named")and not to this machine; if that is intended (NAT, a proxy), set ALLOW_DNS_MISMATCH=1"
    warn "$DOMAIN resolves to another machine; allowed by ALLOW_DNS_MISMATCH=1"
}

# k3s uses ports 80 and 443 without listening on them, so a listener is another program.
check_ports() {
    local port who
    for port in 80 443; do
        who=$(ss -ltnpH "sport = :$port" | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | sort -u | head -n 1)
        case $who in
        '' | k3s* | traefik | lb-*) ;;
        nginx)
            [[ $STOP_HOST_NGINX == 1 ]] ||
                refuse "nginx uses port $port: stop it, or set STOP_HOST_NGINX=1 to stop and disable it"
            stop_nginx=1
            ;;
        *) refuse "$who uses port $port, which the site needs: stop it first" ;;
        esac
    done
}

stop_host_nginx() {
    [[ ${stop_nginx:-0} == 1 ]] || return 0
    step "host nginx"
    do_it systemctl disable --now nginx
}

# Turns v1.36.4+k3s1 into 1.36.4.1, which sorts by version.
plain() {
    local version=${1#v}
    printf '%s\n' "${version/+k3s/.}"
}

install_k3s() {
    step "k3s $K3S_VERSION"
    local installed=
    if command -v k3s >/dev/null; then
        installed=$(k3s --version | awk 'NR == 1 { print $3 }')
    fi
    if [[ $installed == "$K3S_VERSION" ]]; then
        say "already installed"
    else
        if [[ -n $installed && $(printf '%s\n' "$(plain "$installed")" "$(plain "$K3S_VERSION")" | sort -V | tail -n 1) == "$(plain "$installed")" ]]; then
            refuse "k3s $installed is installed and newer: set K3S_VERSION=$installed; k3s cannot be downgraded"
        fi
        do_script "download k3s $K3S_VERSION, verify its checksum, and install it${installed:+ in place of $installed}" fetch_k3s
    fi
    if ! systemctl is-active --quiet k3s || ! systemctl is-enabled --quiet k3s; then
        do_it systemctl enable --now k3s
    fi
    do_script "wait until the node is ready" wait_for_node
}

fetch_k3s() {
    local from name=k3s folder wanted
    [[ $arch == amd64 ]] || name=k3s-$arch
    from="https://github.com/k3s-io/k3s/releases/download/${K3S_VERSION/+/%2B}"
    folder=$(mktemp -d)
    curl -fsSL --proto '=https' --retry 3 -o "$folder/k3s" "$from/$name"
    wanted=${K3S_SHA256:-}
    if [[ -z $wanted ]]; then
        # The checksum stated by the release; K3S_SHA256 pins it.
        curl -fsSL --proto '=https' --retry 3 -o "$folder/sums" "$from/sha256sum-$arch.txt"
        wanted=$(awk -v name="$name" '$2 == name { print $1 }' "$folder/sums")
    fi
    [[ $wanted =~ ^[0-9a-f]{64}$ ]] || refuse "the checksums of k3s $K3S_VERSION do not list $name"
    if ! printf '%s  %s\n' "$wanted" "$folder/k3s" | sha256sum -c --quiet - >/dev/null 2>&1; then
        rm -rf "$folder"
        refuse "the downloaded k3s $K3S_VERSION does not match checksum $wanted; nothing was installed"
    fi
    install -m 0755 "$folder/k3s" "$BIN_DIR/k3s"
    rm -rf "$folder"
    install -d -m 0755 "$UNIT_DIR"
    cat >"$UNIT_DIR/k3s.service" <<UNIT
[Unit]
Description=k3s
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=$BIN_DIR/k3s server --write-kubeconfig-mode 0600 --secrets-encryption
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl restart k3s
}

wait_for_node() {
    local until=$((SECONDS + WAIT_SECONDS))
    while ! k wait --for=condition=Ready node --all --timeout=10s >/dev/null 2>&1; do
        [[ $SECONDS -lt $until ]] || refuse "the node is not ready after $WAIT_SECONDS s; see journalctl -u k3s"
        sleep 2
    done
}

# By default k3s' Traefik hides client addresses, so all players would share one quota. k3s applies every file in this
# folder.
keep_addresses() {
    step "client addresses"
    local file=$MANIFESTS_DIR/sector-traefik.yaml
    if [[ -e $file ]]; then
        say "already kept by Traefik"
    elif [[ -n $(k -n kube-system get helmchartconfig traefik --ignore-not-found -o name 2>/dev/null || true) ]]; then
        warn "Traefik has custom settings: without service.spec.externalTrafficPolicy: Local all players share one quota"
    else
        do_script "configure Traefik to keep them, in $file" write_traefik
    fi
}

write_traefik() {
    install -d -m 0700 "$MANIFESTS_DIR"
    cat >"$MANIFESTS_DIR/sector-traefik.yaml" <<'YAML'
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata:
  name: traefik
  namespace: kube-system
spec:
  valuesContent: |-
    service:
      spec:
        externalTrafficPolicy: Local
YAML
}

fetch_source() {
    step "source"
    if [[ ! -e $REPO_DIR ]]; then
        do_it git clone --quiet "$repo_url" "$REPO_DIR"
        if [[ $dry_run == 1 ]]; then
            revision=unknown
            return
        fi
    else
        [[ -d $REPO_DIR/.git ]] || refuse "REPO_DIR=$REPO_DIR exists and is not a git repository"
        local known
        known=$(git -C "$REPO_DIR" remote get-url origin)
        [[ $known == "$repo_url" ]] || refuse "REPO_DIR=$REPO_DIR is a clone of $known, not of $repo_url: choose another folder"
        [[ -z $(git -C "$REPO_DIR" status --porcelain) ]] ||
            refuse "$REPO_DIR has uncommitted changes: save them first (git stash)"
        do_it git -C "$REPO_DIR" fetch --quiet --tags origin
        do_it git -C "$REPO_DIR" checkout --quiet --detach "${REPO_REF:-origin/HEAD}"
    fi
    if [[ -n $REPO_REF && $dry_run == 0 ]]; then
        git -C "$REPO_DIR" checkout --quiet --detach "$REPO_REF"
    fi
    revision=$(git -C "$REPO_DIR" rev-parse --short=12 HEAD)
    say "$REPO_DIR is at $revision"
}

build_images() {
    tag=${IMAGE_TAG:-$revision}
    step "images $IMAGE_NAME/*:$tag"
    local service image there
    there=$(k3s ctr -n k8s.io images ls -q 2>/dev/null || true)
    for service in "${SERVICES[@]}"; do
        image=$IMAGE_NAME/$service:$tag
        if grep -qxF "$image" <<<"$there"; then
            say "$image exists"
            [[ -z $IMAGE_TAG ]] || warn "$image is not rebuilt: for another commit, change or unset IMAGE_TAG"
            continue
        fi
        do_it docker buildx build --load --quiet --target "$service" --build-arg "REVISION=$revision" -t "$image" "$REPO_DIR"
        do_script "import $image into k3s" import_image
    done
}

import_image() {
    docker save "$image" | k3s ctr -n k8s.io images import - >/dev/null
}

install_cert_manager() {
    step "cert-manager $CERT_MANAGER_VERSION"
    local known
    known=$(k -n cert-manager get deployment cert-manager -o 'jsonpath={.spec.template.spec.containers[0].image}' 2>/dev/null || true)
    if [[ $known == *":$CERT_MANAGER_VERSION" ]]; then
        say "already installed"
        return
    fi
    do_it k apply --server-side -f "https://github.com/cert-manager/cert-manager/releases/download/$CERT_MANAGER_VERSION/cert-manager.yaml"
    do_it k -n cert-manager rollout status deployment/cert-manager-webhook "--timeout=${WAIT_SECONDS}s"
}

# Relative path from folder $2 to $1, as kustomize requires.
relative() { realpath -m --relative-to="$2" "$1"; }

write_overlay() {
    local overlay=$STATE_DIR/overlay service
    umask 077
    mkdir -p "$overlay" "$STATE_DIR/releases"
    REDIS_ADDRESS=redis:6379 sh "$REPO_DIR/scripts/secrets.sh" "$STATE_DIR/secrets"
    rm -rf "$REPO_DIR/k8s/components/secrets/generated"
    cp -R "$STATE_DIR/secrets" "$REPO_DIR/k8s/components/secrets/generated"
    {
        cat <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: sector
resources:
  - $(relative "$REPO_DIR/k8s/overlays/production" "$overlay")
configMapGenerator:
  - name: site
    behavior: merge
    literals: [AUTH_DOMAIN=$DOMAIN, "AUTH_URI=https://$DOMAIN"]
  - name: sector
    behavior: merge
    # The pod network of k3s.
    literals: [TRUSTED_PROXIES=10.42.0.0/16]
patches:
  - target: {kind: Ingress, name: frontend}
    patch: |-
      - {op: replace, path: /spec/rules/0/host, value: $DOMAIN}
      - {op: replace, path: /spec/tls/0/hosts/0, value: $DOMAIN}
      - {op: replace, path: /spec/tls/0/secretName, value: $TLS_SECRET_NAME}
  - target: {kind: ClusterIssuer, name: letsencrypt}
    patch: |-
      - {op: replace, path: /spec/acme/email, value: $EMAIL}
  # On one machine a second replica helps only during a replacement.
  - target: {kind: HorizontalPodAutoscaler}
    patch: |-
      - {op: replace, path: /spec/minReplicas, value: 1}
      - {op: replace, path: /spec/maxReplicas, value: 2}
images:
YAML
        for service in "${SERVICES[@]}"; do
            say "  - {name: registry.example.org/sector/$service, newName: $IMAGE_NAME/$service, newTag: \"$tag\"}"
        done
    } >"$overlay/kustomization.yaml"
    k kustomize "$overlay" >"$STATE_DIR/releases/$tag.yaml.new"
    rm -rf "$REPO_DIR/k8s/components/secrets/generated"
    mv -f "$STATE_DIR/releases/$tag.yaml.new" "$STATE_DIR/releases/$tag.yaml"
}

current() { cat "$STATE_DIR/current" 2>/dev/null || true; }

apply_release() {
    step "release $tag"
    if [[ $dry_run == 1 ]]; then
        say "would write $STATE_DIR/releases/$tag.yaml and apply it"
        return
    fi
    [[ $rollback == 1 ]] || write_overlay
    local differs=0
    k diff -f "$STATE_DIR/releases/$tag.yaml" >/dev/null 2>&1 || differs=$?
    if [[ $differs == 0 ]]; then
        say "no changes"
    else
        k apply -f "$STATE_DIR/releases/$tag.yaml"
    fi
    if [[ $(current) != "$tag" ]]; then
        current >"$STATE_DIR/previous"
        say "$tag" >"$STATE_DIR/current"
    fi
}

choose_previous() {
    tag=$(cat "$STATE_DIR/previous" 2>/dev/null || true)
    [[ -n $tag && -f $STATE_DIR/releases/$tag.yaml ]] || refuse "no previous release in $STATE_DIR/releases"
    say "rolling back from $(current) to $tag"
}

wait_for_site() {
    step "waiting for https://$DOMAIN"
    if [[ $dry_run == 1 ]]; then
        say "would wait up to $WAIT_SECONDS s"
        return
    fi
    local until=$((SECONDS + WAIT_SECONDS)) what
    for what in statefulset/redis deployment/api deployment/sim-worker deployment/frontend deployment/bot-worker; do
        k -n sector rollout status "$what" "--timeout=${WAIT_SECONDS}s" ||
            refuse "$what is not ready: see k3s kubectl -n sector describe $what; to roll back: $0 $repo_url --rollback"
    done
    until curl -fsS --max-time 5 -o /dev/null "https://$DOMAIN/health" && curl -fsS --max-time 5 -o /dev/null "https://$DOMAIN/api/health"; do
        [[ $SECONDS -lt $until ]] ||
            refuse "https://$DOMAIN does not answer after $WAIT_SECONDS s: is port 80 open to the world? See k3s kubectl -n sector describe certificate,challenge"
        sleep 3
    done
}

farewell() {
    step "done"
    say "page:      https://$DOMAIN/"
    say "API:       https://$DOMAIN/api/   live stream: wss://$DOMAIN/ws"
    say "status:    k3s kubectl -n sector get pods"
    say "roll back: $0 $repo_url --rollback"
    say "secrets:   $STATE_DIR/secrets; keep a copy of that folder elsewhere"
    if command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active'; then
        say "firewall:  ufw allow 80/tcp; ufw allow 443/tcp; ufw allow from 10.42.0.0/16; ufw allow from 10.43.0.0/16"
    else
        say "firewall:  open 80/tcp and 443/tcp to the world; keep 6443/tcp (Kubernetes) and 10250/tcp private"
    fi
}

main() {
    parse_arguments "$@"
    check_settings
    check_machine
    if [[ $rollback == 1 ]]; then
        choose_previous
    else
        stop_host_nginx
        install_k3s
        keep_addresses
        fetch_source
        build_images
        install_cert_manager
    fi
    apply_release
    wait_for_site
    farewell
}

main "$@"
