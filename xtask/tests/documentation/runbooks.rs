//! Routes, codes and settings named in the runbooks exist.

use std::collections::BTreeSet;

use process_kit::Metrics;
use process_kit::metrics::StoreMetrics;
use serde_json::Value;

use crate::{pages, read};

/// Words from elsewhere: a kind of store errors, the health of a worker, Redis and Kubernetes.
const OTHERS: [&str; 4] =
    ["lease_lost", "standing_by", "aof_delayed_fsync", "container_cpu_cfs_throttled_periods_total"];

/// Everything that runbooks may name.
struct Known {
    /// Method and path, such as `GET /factions`.
    routes: BTreeSet<String>,
    /// Codes, fields, metrics and their labels.
    words: BTreeSet<String>,
    /// The page of all settings.
    configuration: String,
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').map(str::to_owned)
}

impl Known {
    fn read() -> Self {
        let api = read("docs/openapi.json");
        let document: Value = serde_json::from_str(&api).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        let metrics = Metrics::default();
        drop(StoreMetrics::new(&metrics));
        for register in [
            sim_worker::register_metrics,
            api::register_metrics,
            frontend::register_metrics,
            bot_worker::register_metrics,
            nft_minter::register_metrics,
        ] {
            register(&metrics);
        }
        let codes = sector_wire::Code::ALL.iter().map(|code| code.name());
        let codes = codes.chain(http_kit::catalogue::SHARED.iter().map(|kind| kind.code));
        Self {
            routes: operations.chain(["GET /metrics".to_owned()]).collect(),
            words: words(&metrics.text())
                .chain(words(&read("docs/reference/metrics.md")))
                .chain(words(&api))
                .chain(codes.chain(OTHERS).map(str::to_owned))
                .collect(),
            configuration: read("docs/reference/configuration.md"),
        }
    }

    /// Whether a code span names nothing unknown.
    fn has(&self, span: &str) -> bool {
        let is_name = |part: &str| {
            part.contains('_') && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let (first, rest) = span.split_once(' ').unwrap_or((span, ""));
        match first {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => self.routes.contains(span),
            path if path.starts_with('/') => self.routes.contains(&format!("GET {path}")),
            name if !is_name(name) || !rest.is_empty() => true,
            setting if setting.chars().any(|c| c.is_ascii_uppercase()) => {
                self.configuration.contains(&format!("`{setting}`"))
            }
            word => self.words.contains(word),
        }
    }
}

#[test]
fn everything_that_runbooks_name_exists() {
    let known = Known::read();
    let mut unknown = Vec::new();
    for page in pages("docs/runbooks") {
        let text = std::fs::read_to_string(&page).unwrap();
        let spans = text.split('`').skip(1).step_by(2).filter(|span| !known.has(span));
        unknown.extend(spans.map(|span| format!("{}: `{span}`", page.display())));
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn unknown_names_are_found() {
    let known = Known::read();
    for span in ["GET /factions", "/metrics", "order_backlog_full", "TICK_MS", "sector doctor"] {
        assert!(known.has(span), "{span}");
    }
    for span in ["GET /status", "POST /factions", "/statuses", "backlog_full", "LIMIT_NOTHING"] {
        assert!(!known.has(span), "{span}");
    }
}
