//! The OpenAPI document, generated from the handlers.

use utoipa::openapi::schema::AnyOf;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Schema};
use utoipa::{Modify, OpenApi};

use crate::describe::answers;
use crate::routes::Operations;
use sector_wire::ProblemDocument;

/// The document.
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
    components(schemas(ProblemDocument)),
    modifiers(&Security, &Operations, &Shared, &Forms)
)]
struct Described;

/// Security schemes.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
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
}

impl Modify for Operations {
    fn modify(&self, document: &mut Document) {
        document.merge(Self::openapi());
    }
}

/// Parts shared by all operations.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        answers::complete(document);
    }
}

/// A partial snapshot with all fields is also a whole one, so the response matches any of the
/// forms, not exactly one.
struct Forms;

impl Modify for Forms {
    fn modify(&self, document: &mut Document) {
        let schemas = document.components.as_mut().map(|components| &mut components.schemas);
        if let Some(RefOr::T(schema)) =
            schemas.and_then(|schemas| schemas.get_mut("SnapshotAnswer"))
            && let Schema::OneOf(forms) = schema
        {
            let mut any = AnyOf::new();
            any.items = std::mem::take(&mut forms.items);
            any.description = forms.description.take();
            *schema = Schema::AnyOf(any);
        }
    }
}

/// The OpenAPI 3.1 document as JSON; deterministic.
///
/// # Errors
/// If it cannot be serialized.
pub fn openapi() -> Result<String, serde_json::Error> {
    Ok(Described::openapi().to_pretty_json()? + "\n")
}
