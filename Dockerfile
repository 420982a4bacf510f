# syntax=docker/dockerfile:1.12
# Images of the services: one static binary each, run as an unprivileged user.
#
#   docker build --target api -t localhost/sector/api:0.1.0 .
#
# Targets: api, sim-worker, frontend, bot-worker, tools (`sector`: doctor, backup, restore). The minter is built apart, by
# bins/nft-minter/Dockerfile, because it may hold a signing key one day. docker-bake.hcl builds all images, also for
# several architectures.
#
# Needs BuildKit for cache mounts: dependencies are compiled once, not on every change. No Node.js is needed, because the
# built browser UI is committed.
ARG RUST_IMAGE=rust:1.95.0-slim-bookworm

FROM ${RUST_IMAGE} AS build
# glibc 2.36 and newer includes its resolver modules, so a static binary needs only resolv.conf to look up names.
# --target keeps procedural macros, which run during the build, dynamic.
ENV RUSTFLAGS="-C target-feature=+crt-static" \
    CARGO_PROFILE_RELEASE_STRIP=symbols \
    CARGO_INCREMENTAL=0 \
    CARGO_TERM_COLOR=never
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY . .
ARG TARGETARCH
RUN --mount=type=cache,id=sector-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=sector-target-${TARGETARCH},target=/src/target,sharing=locked \
    host="$(rustc -vV | sed -n 's/^host: //p')" \
    && cargo build --release --locked --target "$host" --features sector/full \
        -p api -p sim-worker -p frontend -p bot-worker -p sector \
    && mkdir /out \
    && for name in api sim-worker frontend bot-worker sector; do \
        cp "target/$host/release/$name" /out/ \
        && readelf --program-headers "/out/$name" >/tmp/headers \
        && if grep -q INTERP /tmp/headers; then echo "$name is not static" >&2; exit 1; fi \
        || exit 1; \
    done

# Common to all services.
FROM scratch AS service
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=""
LABEL org.opencontainers.image.title="sector" \
      org.opencontainers.image.description="A war-torn sector of star systems" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY LICENSE-APACHE LICENSE-MIT /licenses/
# Logs are lines of JSON. The metrics port is never published.
ENV LOG_FORMAT=json \
    BIND=0.0.0.0 \
    METRICS_LISTEN=0.0.0.0:9100
USER 65532:65532
WORKDIR /
STOPSIGNAL SIGTERM

FROM service AS api
COPY --from=build /out/api /usr/local/bin/api
ENV PORT=8000 \
    HEALTHCHECK_URL=http://127.0.0.1:8000/livez
EXPOSE 8000 9100
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["/usr/local/bin/api", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/api"]

FROM service AS sim-worker
COPY --from=build /out/sim-worker /usr/local/bin/sim-worker
ENV HEALTH_PORT=9200 \
    HEALTHCHECK_URL=http://127.0.0.1:9200/livez
EXPOSE 9100 9200
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["/usr/local/bin/sim-worker", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/sim-worker"]

FROM service AS frontend
COPY --from=build /out/frontend /usr/local/bin/frontend
ENV PORT=9000 \
    HEALTHCHECK_URL=http://127.0.0.1:9000/livez
EXPOSE 9000 9100
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["/usr/local/bin/frontend", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/frontend"]

FROM service AS bot-worker
COPY --from=build /out/bot-worker /usr/local/bin/bot-worker
ENV HEALTHCHECK_URL=http://127.0.0.1:9100/livez
EXPOSE 9100
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["/usr/local/bin/bot-worker", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/bot-worker"]

FROM service AS tools
COPY --from=build /out/sector /usr/local/bin/sector
HEALTHCHECK NONE
ENTRYPOINT ["/usr/local/bin/sector"]
CMD ["--help"]
