//! Generates `docs/reference/metrics.md` from the registered metrics.

use process_kit::Metrics;
use process_kit::metrics::{StoreMetrics, markdown_table};

use crate::assert_current;

fn section(title: &str, text: &str, register: impl FnOnce(&Metrics)) -> String {
    let metrics = Metrics::default();
    register(&metrics);
    format!("\n## {title}\n\n{text}\n\n{}", markdown_table(&metrics.describe()))
}

const INTRODUCTION: &str = "# Metrics

Every service serves its metrics at `GET /metrics` on a separate port, which is off unless
`--metrics-listen ADDRESS:PORT` (`METRICS_LISTEN`) is given. They are for the operator: keep the port off public
networks. The format is OpenMetrics text, readable by Prometheus and `curl`. Units are seconds and bytes; names that
end in `_total` are counters. A metric appears with its first value.

`sector up --metrics-listen 127.0.0.1:9464` serves the metrics of all services.

This page is generated from the code, and a test compares the two.
";

fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for part in [
        section("Every service", "Process metrics.", |metrics| {
            metrics.of_process("service", "0");
        }),
        section(
            "Store, in every service that uses it",
            "Measured in the calling service.",
            |metrics| {
                drop(StoreMetrics::new(metrics));
            },
        ),
        section(
            "Traces, in every service that sends them",
            "Only with `OTEL_EXPORTER_OTLP_ENDPOINT`; see [traces.md](traces.md).",
            |metrics| {
                process_kit::trace::register_metrics(metrics);
            },
        ),
        section("sim-worker", "A process runs at most 64 sectors.", sim_worker::register_metrics),
        section(
            "api",
            "Routes are labelled by template, such as `/systems/{id}`. `sector_streams_*` covers the WebSockets of `/ws`.",
            api::register_metrics,
        ),
        section(
            "frontend",
            "Routes are labelled by template (files as `other`). `sector_streams_*` covers the WebSockets of `/ws`.",
            frontend::register_metrics,
        ),
        section("bot-worker", "Totals over all factions.", bot_worker::register_metrics),
        section("nft-minter", "Routes are labelled by template.", nft_minter::register_metrics),
    ] {
        text.push_str(&part);
    }
    text
}

#[test]
fn the_documentation_of_the_metrics_is_that_of_the_code() {
    assert_current("docs/reference/metrics.md", &document());
}

/// Names end in their base unit.
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
