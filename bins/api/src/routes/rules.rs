//! `/rules`: the rules of the running universe.

use http_kit::{Effort, Problem, Response};
use sector_sim::Rules;
use serde_json::Value;

use crate::request::bodies;
use crate::request::call::Call;
use crate::request::problems::of_follower;
use crate::rulebook::Rulebook;
use sector_wire::{RuleNumber, RulesDocument};

/// The rules of the running universe.
///
/// Every number with its value and allowed range. They do not change while the universe runs.
#[utoipa::path(
    get,
    path = "/rules",
    operation_id = "rules",
    tag = "sector",
    params(("If-None-Match" = Option<String>, Header, description = "A previous ETag; if it is still current, the response is 304 without a body.")),
    responses(
        (status = 200, description = "The rules.", body = RulesDocument,
            headers(("ETag" = String, description = "Changes with the rules."))),
        (status = 409, description = "`foreign_rules`: the universe uses a rules version that this server does not know. `run_over`: the universe was just replaced."),
    )
)]
pub(crate) async fn rules(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let universe = call.follower().frame().map_err(of_follower)?.universe().clone();
    let book = call.state().rulebooks.of(call.sector(), &universe).await?;
    let body = match book.body.get() {
        Some(body) => body,
        None => {
            let json = serde_json::to_vec(&document(&book)?).map_err(Problem::internal)?;
            let tag = bodies::tag_of(&json);
            book.body.get_or_init(|| bodies::json(json, tag, Effort::Once))
        }
    };
    Ok(bodies::respond(&call, body))
}

fn document(book: &Rulebook) -> Result<RulesDocument, Problem> {
    let rules: &Rules = &book.rules;
    let numbers = Rules::ranges().filter_map(|range| {
        let value = rules.get(range.key)?;
        Some(RuleNumber { key: range.key.to_owned(), value, least: range.least, most: range.most })
    });
    let Value::Object(whole) = serde_json::to_value(rules).map_err(Problem::internal)? else {
        return Err(Problem::internal("a rule set is an object"));
    };
    Ok(RulesDocument {
        universe_id: book.universe.to_string(),
        name: rules.name.clone(),
        rules_version: book.rules_version,
        numbers: numbers.collect(),
        rules: whole,
    })
}
