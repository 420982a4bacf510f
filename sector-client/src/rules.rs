//! Rules as the sector publishes them.

use sector_sim::Rules;
use sector_sim::rules::RULES_VERSION;

use crate::error::{Error, Result};
use crate::generated::types::RulesDocument;

/// The rules in a document, checked.
pub(crate) fn parse(document: RulesDocument) -> Result<Rules> {
    let RulesDocument { name, rules_version, rules, .. } = document;
    let refused = |detail: String| Error::Rules { name: name.clone(), detail };
    if rules_version != RULES_VERSION {
        return Err(refused(format!(
            "they have rules version {rules_version}, this engine has {RULES_VERSION}"
        )));
    }
    let rules: Rules = serde_json::from_value(serde_json::Value::Object(rules))
        .map_err(|error| refused(error.to_string()))?;
    rules.check().map_err(|error| refused(error.to_string()))?;
    Ok(rules)
}

/// Converts the error for rules that the server does not know either.
pub(crate) fn explain(error: Error) -> Error {
    match error {
        Error::Refused(problem) if problem.code == "foreign_rules" => {
            Error::Rules { name: "?".to_owned(), detail: problem.detail }
        }
        error => error,
    }
}
