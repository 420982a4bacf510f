//! Examples in the API document: recorded requests and responses, and a problem for every code.
//!
//! A test records `examples.json` from a sector in memory, keeping the first entries of each list;
//! another checks each example against its schema. The problems come from [`Code`].

use std::collections::BTreeMap;

use http_kit::{Catalogue, Kind};
use sector_wire::{Code, Service};
use serde::de::Error as _;
use serde_json::{Value, json};
use utoipa::openapi::example::Example;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Components;
use utoipa::openapi::{Content, Ref, RefOr, Response};

/// Recorded examples, by operation such as `GET /snapshot`, then by `request` or status.
const RECORDED: &str = include_str!("examples.json");
/// The media type of problems.
const PROBLEM_JSON: &str = "application/problem+json";
/// Request id in the examples of problems.
const INSTANCE: &str = "b2702b6bb34b603e";

/// All examples.
pub(crate) struct Examples {
    recorded: BTreeMap<String, BTreeMap<String, Value>>,
    catalogue: Catalogue,
}

impl Examples {
    /// Examples of this API.
    ///
    /// # Errors
    /// If the recorded examples are invalid JSON.
    pub(crate) fn load() -> Result<Self, serde_json::Error> {
        let catalogue = Catalogue::new(&[&problems()]).map_err(serde_json::Error::custom)?;
        Ok(Self { recorded: serde_json::from_str(RECORDED)?, catalogue })
    }

    /// Adds an example problem for every code and status, under names that operations refer to.
    pub(crate) fn describe(&self, components: &mut Components) {
        for kind in self.catalogue.kinds() {
            for status in kind.statuses {
                let title = http::StatusCode::from_u16(*status)
                    .ok()
                    .and_then(|status| status.canonical_reason());
                let mut example = Example::new();
                example.value = Some(json!({
                    "type": format!("urn:sector:problem:{}", kind.code), "title": title.unwrap_or_default(),
                    "status": status, "code": kind.code, "detail": kind.meaning, "instance": INSTANCE, "errors": [],
                }));
                components.examples.insert(name(kind.code, *status), RefOr::T(example));
            }
        }
    }

    /// Adds recorded examples to an operation that has none of its own, and problems to its error
    /// responses.
    pub(crate) fn show(&self, method: &http::Method, path: &str, operation: &mut Operation) {
        let recorded = self.recorded.get(&format!("{method} {path}"));
        let of = |what: &str| recorded.and_then(|recorded| recorded.get(what)).cloned();
        if let (Some(RefOr::T(body)), Some(example)) = (&mut operation.request_body, of("request"))
        {
            body.content.values_mut().for_each(|content| fill(content, &example));
        }
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            self.show_problems(status, response);
            if let Some(example) = of(status) {
                let bodies = response
                    .content
                    .iter_mut()
                    .filter(|(media_type, _)| *media_type != PROBLEM_JSON);
                bodies.for_each(|(_, content)| fill(content, &example));
            }
        }
    }

    /// Adds examples of the problems that the description of a response names.
    pub(crate) fn show_problems(&self, status: &str, response: &mut Response) {
        let Ok(number) = status.parse::<u16>() else { return };
        let Some(RefOr::T(content)) = response.content.get_mut(PROBLEM_JSON) else { return };
        let named = response.description.split('`').skip(1).step_by(2);
        for code in named.filter(|code| self.catalogue.check(number, code).is_ok()) {
            let reference = Ref::new(format!("#/components/examples/{}", name(code, number)));
            content.examples.insert(code.to_owned(), RefOr::Ref(reference));
        }
    }
}

fn name(code: &str, status: u16) -> String {
    format!("{code}_{status}")
}

fn fill(content: &mut RefOr<Content>, example: &Value) {
    if let RefOr::T(content) = content
        && content.example.is_none()
    {
        content.example = Some(example.clone());
    }
}

/// The problems of the API, besides those of the HTTP kit.
#[must_use]
pub fn problems() -> Vec<Kind> {
    Code::of(Service::Api)
        .map(|code| Kind::new(code.name(), code.statuses(), code.meaning(), code.remedy()))
        .collect()
}
