//! The OpenAPI document of the minter, generated from its handlers.

use sector_wire::ProblemDocument;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sector minter",
        description = "Records the awards of finished runs. Errors are `application/problem+json` with a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "http://localhost:9100", description = "A minter on this machine")),
    paths(routes::mint, routes::health, routes::live, routes::ready, routes::document),
    components(schemas(ProblemDocument)),
    modifiers(&Security)
)]
struct Described;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The minter's key (MINTER_API_KEY), if the operator has set one."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(key));
    }
}

/// The OpenAPI 3.1 document of the minter as JSON; deterministic.
///
/// # Errors
/// If it cannot be serialized.
pub fn openapi() -> Result<String, serde_json::Error> {
    Ok(Described::openapi().to_pretty_json()? + "\n")
}
