//! docs/reference/errors.md, made from the lists of the services.

use http_kit::{Catalogue, Kind};

/// Set this variable to write the committed file anew.
const UPDATE: &str = "UPDATE_DOCS";

/// The services, each with the codes that it may answer beside those that every service may.
const SERVICES: [(&str, &[&[Kind]]); 2] =
    [("API", &[api::PROBLEMS, api::CREDENTIAL_PROBLEMS]), ("frontend", &[frontend::PROBLEMS])];

const BEGINNING: &str = "# Errors

Every error of the API and of the frontend is `application/problem+json` (RFC 9457) with a stable `code`. Decide by
`code`; `detail` is a message for people and may change. `errors` lists the invalid fields: their place, value, and the
allowed values. `instance` is the id of the request, as in the header X-Request-Id and the server's log: quote it when
you ask the operator.

With 4xx, fix the request; 5xx are faults of the server. 429 and 503 come with `Retry-After`, in seconds. A client that
does not know a code goes by the status.

The codes of refused orders (in the event `order_refused` and in `GET /orders/{receipt}`) are not errors of requests;
they are in [rules.md](rules.md). This file is generated.

";

fn document() -> String {
    let lists: Vec<&[Kind]> =
        SERVICES.iter().flat_map(|(_, lists)| lists.iter().copied()).collect();
    let catalogue = Catalogue::new(&lists).unwrap();
    let mut text = String::from(BEGINNING);
    for Kind { code, statuses, meaning, remedy } in catalogue.kinds() {
        let statuses = statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let is_of =
            |lists: &[&[Kind]]| lists.iter().any(|list| list.iter().any(|kind| kind.code == *code));
        let services: Vec<&str> = SERVICES
            .iter()
            .filter(|(_, lists)| is_of(lists))
            .map(|(service, _)| *service)
            .collect();
        let services =
            if services.is_empty() { "every service".to_owned() } else { services.join(", ") };
        text.push_str(&format!("## {code}\n\n{statuses}, {services}. {meaning}\n{remedy}\n\n"));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[test]
fn the_documentation_of_the_errors_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/errors.md");
    let written = document();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == written,
        "docs/reference/errors.md is stale: run {UPDATE}=1 cargo test -p sector errors"
    );
}

#[test]
fn there_is_one_anchor_a_code() {
    let text = document();
    let mut anchors: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(anchors.len() > 80, "{}", anchors.len());
    assert!(anchors.contains(&"rate_limited") && anchors.contains(&"upgrade_required"));
    anchors.dedup();
    assert_eq!(anchors.len(), text.matches("\n## ").count());
}
