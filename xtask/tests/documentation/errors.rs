//! docs/reference/errors.md, made from the lists of the services.

use std::collections::BTreeMap;

use http_kit::Kind;
use http_kit::catalogue::SHARED;
use sector_wire::Code;

use crate::assert_current;

const BEGINNING: &str = "# Errors

Every error of the API and of the frontend is `application/problem+json` (RFC 9457) with a stable `code`. Decide by
`code`; `detail` is a message for people and may change. `errors` lists the invalid fields: their place, value, and the
allowed values. `instance` is the id of the request, as in the header X-Request-Id and the server's log: quote it when
you ask the operator.

With 4xx, fix the request; 5xx are faults of the server. 429 and 503 come with `Retry-After`, in seconds. A client that
does not recognize a code should use the status.

The codes of refused orders (in the event `order_refused` and in `GET /orders/{receipt}`) are not errors of requests;
they are in [rules.md](rules.md). This file is generated.

";

fn document() -> String {
    let own = Code::ALL.iter().map(|code| {
        let services: Vec<&str> = code.services().iter().map(|service| service.name()).collect();
        let kind = Kind::new(code.name(), code.statuses(), code.meaning(), code.remedy());
        (kind, services.join(", "))
    });
    let kinds: BTreeMap<&str, (Kind, String)> = SHARED
        .iter()
        .map(|kind| (*kind, "every service".to_owned()))
        .chain(own)
        .map(|(kind, services)| (kind.code, (kind, services)))
        .collect();
    let mut text = String::from(BEGINNING);
    for (code, (Kind { statuses, meaning, remedy, .. }, services)) in kinds {
        let statuses = statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        text.push_str(&format!("## {code}\n\n{statuses}, {services}. {meaning}\n{remedy}\n\n"));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[test]
fn the_documentation_of_the_errors_is_that_of_the_code() {
    assert_current("docs/reference/errors.md", &document());
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
