//! Alert rules, dashboard and runbooks fit the metrics there are, and each other.
//!
//! That each alert fires when it should is tried with `promtool` by `cargo xtask test`.

use std::collections::BTreeSet;

use crate::{assert_current, pages, read};

/// What Prometheus itself adds to what it scrapes, and what rules make.
const BUILT_IN: [&str; 2] = ["up", "ALERTS"];

/// The names in a text that look like metrics of ours.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_part =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    text.split(|letter| !is_part(letter))
        .filter(|word| word.starts_with("sector_") || word.starts_with("process_"))
        .map(|word| {
            let ends = ["_bucket", "_count", "_sum"];
            ends.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()
        })
        .collect()
}

fn documented() -> BTreeSet<String> {
    read("docs/reference/metrics.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .map(str::to_owned)
        .collect()
}

fn alerts() -> BTreeSet<String> {
    read("k8s/monitoring/rules.yaml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_metric_that_is_asked_for_exists() {
    let documented = documented();
    assert!(documented.len() > 20, "{documented:?}");
    for path in [
        "k8s/monitoring/rules.yaml",
        "k8s/monitoring/rules_test.yaml",
        "k8s/monitoring/dashboard.json",
    ] {
        let asked = metrics_in(&read(path));
        assert!(asked.len() > 5, "{path}: {asked:?}");
        let unknown: Vec<&String> = asked
            .iter()
            .filter(|name| !documented.contains(*name) && !BUILT_IN.contains(&name.as_str()))
            .collect();
        assert!(
            unknown.is_empty(),
            "{path} asks for what docs/reference/metrics.md does not have: {unknown:?}"
        );
    }
}

#[test]
fn every_metric_of_ours_is_shown() {
    let shown = metrics_in(&read("k8s/monitoring/dashboard.json"));
    let missing: Vec<String> =
        documented().into_iter().filter(|name| !shown.contains(name)).collect();
    assert!(missing.is_empty(), "the dashboard does not show {missing:?}");
}

#[test]
fn every_alert_has_a_runbook_and_a_series_that_fires_it() {
    let alerts = alerts();
    let pages: BTreeSet<String> = pages("docs/runbooks")
        .iter()
        .map(|page| page.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(alerts, pages, "alerts and runbooks");
    let tests = read("k8s/monitoring/rules_test.yaml");
    let rules = read("k8s/monitoring/rules.yaml");
    for alert in &alerts {
        assert!(
            rules.contains(&format!("runbook: docs/runbooks/{alert}.md\n")),
            "{alert} does not name its runbook"
        );
        assert!(tests.contains(&format!("- name: {alert}\n")), "nothing fires {alert}");
        let page = read(&format!("docs/runbooks/{alert}.md"));
        let parts =
            [format!("# {alert}\n"), "**Impact:**".into(), "## Check\n".into(), "## Fix\n".into()];
        assert!(parts.iter().all(|part| page.contains(part.as_str())), "{alert}: {page}");
        for other in page.split(|letter: char| !letter.is_ascii_alphanumeric()) {
            let is_alert = other.len() > 8 && other.starts_with("Sector");
            assert!(
                !is_alert || alerts.contains(other),
                "{alert} points at {other}, which is no alert"
            );
        }
    }
    for metric in
        pages.iter().flat_map(|page| metrics_in(&read(&format!("docs/runbooks/{page}.md"))))
    {
        assert!(documented().contains(&metric), "a runbook names {metric}");
    }
}

/// The rules as the Prometheus Operator wants them.
#[test]
fn the_rules_of_the_operator_are_the_rules() {
    let rules = read("k8s/monitoring/rules.yaml");
    let (comment, groups) = rules.split_at(rules.find("groups:").unwrap());
    assert!(comment.lines().all(|line| line.starts_with('#')), "{comment}");
    let mut written = String::from(
        "# Written from rules.yaml: UPDATE_DOCS=1 cargo test -p xtask --test documentation\napiVersion: monitoring.coreos.com/v1\n\
         kind: PrometheusRule\nmetadata:\n  name: sector\n  labels: {app.kubernetes.io/part-of: sector}\nspec:\n",
    );
    for line in groups.lines() {
        written.push_str(&format!("  {line}\n"));
    }
    assert_current("k8s/monitoring/prometheus-rule.yaml", &written);
}
