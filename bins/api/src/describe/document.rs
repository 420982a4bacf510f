//! The OpenAPI document, generated from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::schema::AnyOf;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Schema};

use crate::describe::answers;
use crate::routes::Operations;
use sector_wire::ProblemDocument;

/// The document without its operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sector",
        description = "The HTTP API of a sector: login, claims, orders, state and events.\n\nAll numbers are integers: strength, stock and economy in thousandths; stability, unrest and odds per mille; positions from 0 to 1000000; time in ticks. Errors are `application/problem+json` with a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "http://localhost:8000", description = "A sector on this machine")),
    tags(
        (name = "auth", description = "Login: sign a message with a wallet, get a token."),
        (name = "players", description = "Claim a faction and send orders."),
        (name = "sector", description = "The state and events of the sector. Public."),
        (name = "admin", description = "For operators; requires the admin role."),
        (name = "service", description = "About the service itself.")
    ),
    components(schemas(ProblemDocument))
)]
struct Described;

/// Adds the security schemes.
fn secure(document: &mut Document) {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("Access token of a session, for players and admins."))
        .build();
    let bot =
        ApiKeyValue::with_description("X-Bot-Token", "Token shared by all bots of the sector.");
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("botToken", SecurityScheme::ApiKey(ApiKey::Header(bot)));
}

/// A partial snapshot with all fields is also a whole one, so the response matches any of the
/// forms, not exactly one.
fn allow_any_form_of_snapshot(document: &mut Document) {
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    if let Some(RefOr::T(schema)) = schemas.and_then(|schemas| schemas.get_mut("SnapshotAnswer"))
        && let Schema::OneOf(forms) = schema
    {
        let mut any = AnyOf::new();
        any.items = std::mem::take(&mut forms.items);
        any.description = forms.description.take();
        *schema = Schema::AnyOf(any);
    }
}

/// The OpenAPI 3.1 document as JSON; deterministic.
///
/// # Errors
/// If the recorded examples are invalid JSON, or the document cannot be serialized.
pub fn openapi() -> Result<String, serde_json::Error> {
    let mut document = Described::openapi();
    secure(&mut document);
    document.merge(Operations::openapi());
    answers::complete(&mut document)?;
    allow_any_form_of_snapshot(&mut document);
    Ok(document.to_pretty_json()? + "\n")
}
