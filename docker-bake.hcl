# Builds all images, also for several architectures:
#
#   docker buildx bake                                       # for this machine, loaded into the local engine
#   REGISTRY=registry.example.org/sector VERSION=0.1.0 REVISION=$(git rev-parse HEAD) \
#     docker buildx bake release --push                      # amd64 and arm64, with SBOM and provenance

variable "REGISTRY" { default = "localhost/sector" }
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "unknown" }
variable "SOURCE" { default = "" }
# For reproducible builds, scripts/pin-digests.sh appends the digest.
variable "RUST_IMAGE" { default = "rust:1.95.0-slim-bookworm" }

group "default" {
  targets = ["services", "nft-minter"]
}

group "release" {
  targets = ["services-release", "nft-minter-release"]
}

target "common" {
  context = "."
  args = {
    RUST_IMAGE = RUST_IMAGE
    VERSION    = VERSION
    REVISION   = REVISION
    SOURCE     = SOURCE
  }
}

target "for-all" {
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
}

target "services" {
  inherits   = ["common"]
  name       = service
  matrix     = { service = ["api", "sim-worker", "frontend", "bot-worker", "tools"] }
  target     = service
  tags       = ["${REGISTRY}/${service}:${VERSION}"]
}

target "services-release" {
  inherits = ["common", "for-all"]
  name     = "${service}-release"
  matrix   = { service = ["api", "sim-worker", "frontend", "bot-worker", "tools"] }
  target   = service
  tags     = ["${REGISTRY}/${service}:${VERSION}"]
}

target "nft-minter" {
  inherits   = ["common"]
  dockerfile = "bins/nft-minter/Dockerfile"
  tags       = ["${REGISTRY}/nft-minter:${VERSION}"]
}

target "nft-minter-release" {
  inherits = ["nft-minter", "for-all"]
}
