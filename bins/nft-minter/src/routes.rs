//! Endpoints of the minter.

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use http_kit::quota::Key;
use http_kit::{Context, FieldError, Health, Problem, Response, body, reply};
use sector_redis::{Award, Recorded};
use sector_wire::{Code, Mint, Minted, MinterHealth, ProblemDocument, RunDocument, VICTORY};

use crate::{Class, State};

/// Largest request, in bytes.
const BODY_LIMIT: usize = 16 * 1024;
/// Longest name, in bytes.
const NAME_LIMIT: usize = 64;
/// `Retry-After` while the store does not answer, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Check whether the process responds.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "live",
    responses((status = 200, description = "The process responds.", body = MinterHealth))
)]
pub(crate) async fn live(_: Context<State>) -> Result<Response, Problem> {
    Health::ok("nft-minter", env!("CARGO_PKG_VERSION")).respond()
}

/// Check whether the store answers.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    responses(
        (status = 200, description = "The minter can work.", body = MinterHealth),
        (status = 503, description = "The store does not answer.", body = MinterHealth),
    )
)]
pub(crate) async fn ready(context: Context<State>) -> Result<Response, Problem> {
    health(context).await
}

/// Health with the number of awards.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    responses(
        (status = 200, description = "The minter can work.", body = MinterHealth),
        (status = 503, description = "The store does not answer.", body = MinterHealth),
        (status = 429, description = "`rate_limited`: wait for the seconds in Retry-After.", content_type = "application/problem+json", body = ProblemDocument),
    )
)]
pub(crate) async fn health(context: Context<State>) -> Result<Response, Problem> {
    admit(&context, Class::Read)?;
    let version = env!("CARGO_PKG_VERSION");
    match context.state().store.award_count().await {
        Ok(awards) => Health::ok("nft-minter", version).with("awards", awards).respond(),
        Err(error) => {
            tracing::warn!(%error, "cannot count awards");
            Health::failing("nft-minter", version, "the store does not answer").respond()
        }
    }
}

/// The OpenAPI 3.1 document of the minter.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    responses(
        (status = 200, description = "This document.", body = serde_json::Value),
        (status = 429, description = "`rate_limited`: wait for the seconds in Retry-After.", content_type = "application/problem+json", body = ProblemDocument),
    )
)]
pub(crate) async fn document(context: Context<State>) -> Result<Response, Problem> {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    admit(&context, Class::Read)?;
    let document = match DOCUMENT.get() {
        Some(document) => document,
        None => {
            let text = crate::openapi().map_err(Problem::internal)?;
            DOCUMENT.get_or_init(|| text.into())
        }
    };
    let mut response = Response::new(body::full(document.clone()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Record the award of a finished run.
///
/// The minter reads the run's record itself: the run must have ended, and the faction must have won
/// it. The sim-worker records the award with the last tick of the run, so this usually finds it
/// recorded. Sending the same award again returns `duplicate: true`.
#[utoipa::path(
    post,
    path = "/mint",
    operation_id = "mint",
    security(("bearer" = [])),
    request_body(content = Mint, example = json!({"universe_id": "u-19ab2c3d4e5-0badf00d", "faction": "F1", "award": "victory"})),
    responses(
        (status = 201, description = "Recorded.", body = Minted),
        (status = 200, description = "The same award was recorded before.", body = Minted),
        (status = 400, description = "`bad_award`, `malformed_json`, `invalid_body`, `body_broken`.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 401, description = "`bad_key`: the bearer token is not the minter's key.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 404, description = "`unknown_run`: no kept run has this name.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 408, description = "`body_too_slow`.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 409, description = "`run_not_over`; `award_not_earned`: the faction did not win, or there is no such award; `award_differs`: the run's record or the recorded award says something else.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 413, description = "`payload_too_large`: more than 16384 bytes.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 415, description = "`unsupported_media_type`: send application/json.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 429, description = "`rate_limited`: wait for the seconds in Retry-After.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 503, description = "`store_unavailable`: try again after the seconds in Retry-After.", content_type = "application/problem+json", body = ProblemDocument),
    )
)]
pub(crate) async fn mint(context: Context<State>) -> Result<Response, Problem> {
    let state = context.shared_state();
    let answer = keep(context).await;
    let result = match &answer {
        Ok(response) if response.status() == StatusCode::CREATED => "kept",
        Ok(_) => "duplicate",
        Err(problem) => match problem.status() {
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::TOO_MANY_REQUESTS => "limited",
            status if status.is_server_error() => "unavailable",
            _ => "refused",
        },
    };
    state.awards.with([result]).inc();
    answer
}

/// Counts a request, also one with a wrong key.
fn admit(context: &Context<State>, class: Class) -> Result<(), Problem> {
    let ip = context.client_address().map(Key::Ip);
    context.state().gate.admit(context.request().extensions(), class, ip.as_slice(), 1)
}

async fn keep(mut context: Context<State>) -> Result<Response, Problem> {
    admit(&context, Class::Mint)?;
    if let Some(key) = &context.state().key
        && !context.bearer().is_some_and(|given| key.matches(given))
    {
        return Err(Problem::unauthorized(
            Code::BadKey,
            "The key of the minter is required as a bearer token.",
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
    let run = finished(context.state(), &universe_id).await?;
    let winner = run.winner.map(|winner| winner.to_string());
    let earned =
        run.victory().filter(|_| award == VICTORY && winner.as_deref() == Some(faction.as_str()));
    let victory = earned.ok_or_else(|| {
        let earned = match winner {
            Some(winner) => format!("{VICTORY} of {winner}"),
            None => "no award".to_owned(),
        };
        let detail = format!("{universe_id} earned {earned}, not {award} of {faction}.");
        Problem::conflict(Code::AwardNotEarned, detail)
    })?;
    if metadata.is_some_and(|metadata| metadata != victory) {
        let detail = "metadata differs from the run's record.";
        return Err(Problem::conflict(Code::AwardDiffers, detail));
    }
    let body = serde_json::to_string(&victory).map_err(Problem::internal)?;
    let kept = Award {
        universe: universe_id.as_str().into(),
        faction: faction.clone(),
        award: award.clone(),
        body,
    };
    let recorded = context.state().store.record_award(&kept).await.map_err(unavailable)?;
    let (status, duplicate) = match recorded {
        Recorded::New => (StatusCode::CREATED, false),
        Recorded::Same => (StatusCode::OK, true),
        Recorded::Different => {
            let detail = "This award is recorded with other content, which stays.";
            return Err(Problem::conflict(Code::AwardDiffers, detail));
        }
    };
    let state = "accepted".to_owned();
    reply::json_with_status(status, &Minted { universe_id, faction, award, state, duplicate })
}

/// The record of a finished run.
async fn finished(state: &State, universe: &str) -> Result<RunDocument, Problem> {
    if let Some(run) = state.store.run(&universe.into()).await.map_err(unavailable)? {
        return serde_json::from_str(&run.summary).map_err(Problem::internal);
    }
    let head = state.store.head().await.map_err(unavailable)?;
    if head.is_some_and(|head| head.universe == universe) {
        let detail = format!("{universe} has not ended yet.");
        return Err(Problem::conflict(Code::RunNotOver, detail));
    }
    Err(Problem::not_found(Code::UnknownRun, format!("No kept run has the name {universe:?}.")))
}

fn unavailable(error: sector_redis::Error) -> Problem {
    let detail = "The store cannot be reached; send the award again.";
    Problem::unavailable(Code::StoreUnavailable, detail, RETRY_AFTER_SECONDS).with_source(error)
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
            "Identifies the award.",
        )
    })
}
