//! Actions of operators: an append-only audit log, and idempotency keys.
//!
//! An action is logged before it runs, and its outcome afterwards. With an `Idempotency-Key`, the
//! response is kept for a day and replayed instead of repeating the action.

use sector_wire::Code;
use std::future::Future;

use http::StatusCode;
use http_kit::{FieldError, Problem, Response, reply};
use sector_redis::{Document, Shelf};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha3::{Digest, Sha3_256};

use crate::request::call::Call;
use crate::request::problems::of_store;

/// Header that makes an action idempotent.
pub(crate) const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";
/// Header that marks a replayed response.
const REPLAYED_HEADER: &str = "idempotency-replayed";
/// Maximum length of a key, in characters.
const KEY_CHARACTERS_MAX: usize = 64;
/// How long a response is kept, in milliseconds.
const KEPT_MS: u64 = 24 * 3_600_000;
/// How long an action that started and did not finish blocks a retry, in milliseconds.
const UNDER_WAY_MS: u64 = 60_000;

/// An entry of the audit log.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    at_ms: u64,
    by: String,
    sector: &'a str,
    action: &'a str,
    parameters: &'a Value,
    request_id: &'a str,
    outcome: &'a str,
}

/// An action with a key, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Digest of the request.
    #[serde(rename = "wish")]
    request: String,
    /// The response; none while the action is in progress.
    answer: Option<Value>,
}

/// Runs an action of an operator, with its audit entries and idempotency key.
///
/// # Errors
/// Those of the action; 400 `invalid_idempotency_key`; 409 `request_under_way`; 422 `idempotency_key_reused`.
pub(crate) async fn act<T, F>(
    call: &Call,
    action: &str,
    parameters: Value,
    work: F,
) -> Result<Response, Problem>
where
    T: Serialize,
    F: Future<Output = Result<T, Problem>>,
{
    let api = call.state();
    let Some(key) = key(call)? else {
        return reply::json(&done(call, action, &parameters, work).await?);
    };
    let now_ms = api.now().unix_ms();
    let owner = call.person()?.player();
    let digest = |text: &str| hex::encode(Sha3_256::digest(text.as_bytes()));
    let request = digest(&format!("{action}\0{}\0{parameters}", call.sector().name()));
    let document = |answer: Option<Value>, life_ms: u64| -> Result<Document, Problem> {
        let body = serde_json::to_string(&Kept { request: request.clone(), answer })
            .map_err(Problem::internal)?;
        let id = digest(&format!("{owner}\0{key}"));
        Ok(Document {
            id,
            owner: owner.clone(),
            body,
            ends_at_ms: Some(now_ms.saturating_add(life_ms)),
        })
    };
    let begun = document(None, UNDER_WAY_MS)?;
    if !api.home().insert_document(Shelf::Replies, &begun, now_ms).await.map_err(of_store)? {
        return replay(call, &begun.id, &request, now_ms).await;
    }
    match done(call, action, &parameters, work).await {
        Ok(answer) => {
            let answer = serde_json::to_value(&answer).map_err(Problem::internal)?;
            let ended = document(Some(answer.clone()), KEPT_MS)?;
            api.home()
                .replace_document(Shelf::Replies, &begun.body, &ended, now_ms)
                .await
                .map_err(of_store)?;
            reply::json(&answer)
        }
        Err(problem) => {
            // Allow a retry with the same key at once. If this fails, it is allowed after a minute.
            if let Err(error) = api.home().remove_document(Shelf::Replies, &begun.id).await {
                tracing::warn!(%error, "cannot remove idempotency key, retries blocked for a minute");
            }
            Err(problem)
        }
    }
}

async fn done<T, F>(call: &Call, action: &str, parameters: &Value, work: F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    note(call, action, parameters, "asked").await?;
    let result = work.await;
    let outcome = result.as_ref().map_or_else(Problem::code, |_| "done");
    note(call, action, parameters, outcome).await?;
    result
}

async fn note(call: &Call, action: &str, parameters: &Value, outcome: &str) -> Result<(), Problem> {
    let by = call.person()?.player();
    let (sector, request_id) = (call.sector().name(), call.request_id().unwrap_or_default());
    tracing::info!(by, sector, action, %parameters, outcome, "operator action");
    let entry = Entry {
        at_ms: call.state().now().unix_ms(),
        by,
        sector,
        action,
        parameters,
        request_id,
        outcome,
    };
    let text = serde_json::to_string(&entry).map_err(Problem::internal)?;
    call.state().home().append_audit(&text).await.map_err(of_store)?;
    Ok(())
}

async fn replay(call: &Call, id: &str, request: &str, now_ms: u64) -> Result<Response, Problem> {
    let known = call.state().home().document(Shelf::Replies, id, now_ms).await.map_err(of_store)?;
    let under_way = || {
        Problem::conflict(
            Code::RequestUnderWay,
            "A request with this Idempotency-Key is in progress.",
        )
    };
    let known: Kept =
        serde_json::from_str(&known.ok_or_else(under_way)?.body).map_err(Problem::internal)?;
    if known.request != request {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Code::IdempotencyKeyReused,
            "This Idempotency-Key was used for a different request; use a new one.",
        ));
    }
    let mut response = reply::json(&known.answer.ok_or_else(under_way)?)?;
    response.headers_mut().insert(REPLAYED_HEADER, http::HeaderValue::from_static("true"));
    Ok(response)
}

fn key(call: &Call) -> Result<Option<String>, Problem> {
    let Some(value) = call.headers().get(IDEMPOTENCY_KEY_HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if (1..=KEY_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Ok(Some(text.to_owned()));
    }
    let shown: String = text.chars().take(KEY_CHARACTERS_MAX).collect();
    let detail = "Invalid Idempotency-Key.";
    Err(Problem::bad_request(Code::InvalidIdempotencyKey, detail).with_error(FieldError::new(
        IDEMPOTENCY_KEY_HEADER,
        shown,
        "1 to 64 visible ASCII characters",
        detail,
    )))
}
