//! `docs/reference/metrics.md`, written from the metrics themselves.

use service::Metrics;
use service::metrics::{StoreMetrics, markdown_table};

fn section(title: &str, text: &str, register: impl FnOnce(&Metrics)) -> String {
    let metrics = Metrics::default();
    register(&metrics);
    format!("\n## {title}\n\n{text}\n\n{}", markdown_table(&metrics.describe()))
}

fn document() -> String {
    let mut text = String::from(
        "# Metrics\n\nEvery service tells its metrics at `GET /metrics` on a listener of its own, which is off unless \
         `--metrics-listen ADDRESS:PORT` (`METRICS_LISTEN`) is given. It is for the operator: keep it off the public network. The format is \
         OpenMetrics text, which Prometheus and `curl` read. Units are seconds and bytes; what ends in `_total` only grows. A metric \
         appears once there is something to tell.\n\n`sector up --metrics-listen 127.0.0.1:9464` tells those of all services at once.\n\nThis page is written \
         from the code; a test compares the two.\n",
    );
    for part in [
        section("Every service", "What a process tells of itself.", |metrics| {
            metrics.of_process("service", "0");
        }),
        section(
            "The store, in every service that has one",
            "Measured where a service calls it.",
            |metrics| {
                drop(StoreMetrics::new(metrics));
            },
        ),
        section(
            "Traces, in every service that tells them",
            "With `OTEL_EXPORTER_OTLP_ENDPOINT`.",
            |metrics| {
                service::trace::register_metrics(metrics);
            },
        ),
        section("sim-worker", "One process has at most 64 sectors.", sim_worker::register_metrics),
        section(
            "api",
            "A route by its template, such as `/systems/{id}`; and the WebSockets of `/ws`.",
            api::register_metrics,
        ),
        section(
            "frontend",
            "Routes by their template (files are `other`), and the WebSockets of `/ws`.",
            frontend::register_metrics,
        ),
        section("bot-worker", "All factions together.", bot_worker::register_metrics),
        section(
            "nft-minter",
            "Awards, and routes by their template.",
            nft_minter::register_metrics,
        ),
    ] {
        text.push_str(&part);
    }
    text
}

#[test]
fn the_documentation_of_the_metrics_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/metrics.md");
    let written = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == written,
        "docs/reference/metrics.md is stale: run UPDATE_DOCS=1 cargo test -p sector metrics"
    );
}

/// Base units, and labels with few values.
#[test]
fn names_say_their_unit() {
    let text = document();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).unwrap();
        assert!(name.starts_with("sector_") || name.starts_with("process_"), "{name}");
        assert_eq!(line.contains("| counter |"), name.ends_with("_total"), "{name}");
        assert!(
            !line.contains("| histogram |")
                || name.ends_with("_seconds")
                || name.ends_with("_bytes"),
            "{name}"
        );
        assert!(
            !["_ms", "_milliseconds", "_kb", "_minutes"].iter().any(|unit| name.ends_with(unit)),
            "{name}"
        );
    }
}
