//! `GET /health` and `POST /mint`.

use http::StatusCode;
use http_kit::{Context, FieldError, Health, Problem, Response, reply};
use sector_redis::Award;
use sector_wire::Code;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::State;

/// Most bytes of a request.
const BODY_LIMIT: usize = 16 * 1024;
/// Most bytes of a name.
const NAME_LIMIT: usize = 64;

pub(crate) async fn live(_: Context<State>) -> Result<Response, Problem> {
    Health::ok("nft-minter", env!("CARGO_PKG_VERSION")).respond()
}

pub(crate) async fn health(context: Context<State>) -> Result<Response, Problem> {
    let version = env!("CARGO_PKG_VERSION");
    match context.state().store.awards(None).await {
        Ok(awards) => Health::ok("nft-minter", version).with("awards", awards.len()).respond(),
        Err(error) => {
            tracing::warn!(%error, "the awards cannot be read");
            Health::failing("nft-minter", version, "the store does not answer").respond()
        }
    }
}

/// An award to record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    universe_id: String,
    faction: String,
    award: String,
    /// What the award says besides.
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Result of recording an award.
#[derive(Debug, Serialize)]
struct Minted {
    universe_id: String,
    faction: String,
    award: String,
    /// Always `accepted`: it is kept.
    state: &'static str,
    /// Whether it had been kept before.
    duplicate: bool,
}

pub(crate) async fn mint(context: Context<State>) -> Result<Response, Problem> {
    let state = context.shared_state();
    let answer = keep(context).await;
    let result = match &answer {
        Ok(response) if response.status() == StatusCode::CREATED => "kept",
        Ok(_) => "duplicate",
        Err(problem) => match problem.status() {
            StatusCode::UNAUTHORIZED => "unauthorized",
            status if status.is_server_error() => "unavailable",
            _ => "refused",
        },
    };
    state.awards.with([result]).inc();
    answer
}

async fn keep(mut context: Context<State>) -> Result<Response, Problem> {
    if let Some(key) = &context.state().key
        && !context.bearer().is_some_and(|given| key.matches(given))
    {
        return Err(Problem::unauthorized(
            Code::BadKey,
            "This needs the key of the minter as a bearer token.",
        ));
    }
    let Mint { universe_id, faction, award, metadata } = context.json(BODY_LIMIT).await?;
    let names = [("universe_id", &universe_id), ("faction", &faction), ("award", &award)];
    let errors: Vec<FieldError> =
        names.into_iter().filter_map(|(field, name)| check(field, name)).collect();
    if !errors.is_empty() {
        return Err(
            Problem::bad_request(Code::BadAward, "The award is malformed.").with_errors(errors)
        );
    }
    let body = serde_json::to_string(&metadata).map_err(Problem::internal)?;
    let kept = Award {
        universe: universe_id.as_str().into(),
        faction: faction.clone(),
        award: award.clone(),
        body,
    };
    let is_new = context.state().store.record_award(&kept).await.map_err(|error| {
        Problem::unavailable(
            Code::StoreUnavailable,
            "The award could not be kept; hand it in again.",
            1,
        )
        .with_source(error)
    })?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let minted = Minted { universe_id, faction, award, state: "accepted", duplicate: !is_new };
    reply::json_with_status(status, &minted)
}

fn check(field: &'static str, name: &str) -> Option<FieldError> {
    let fits = (1..=NAME_LIMIT).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
    let shown: String = name.chars().take(NAME_LIMIT).collect();
    (!fits).then(|| {
        FieldError::new(
            field,
            shown,
            "1 to 64 of the characters A-Z a-z 0-9 . _ : -",
            "This names the award.",
        )
    })
}
