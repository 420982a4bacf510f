//! The map of a seed at tick 0, without touching the live sector.

use sector_wire::Code;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue};
use http_kit::negotiation::prefers_html;
use http_kit::query::missing;
use http_kit::{Context, Effort, Encoded, Problem, Response};
use sector_sim::draw::MAX_SEED;
use sector_sim::ids::MAX_STARTERS;
use sector_sim::world::{Size, WorldError};
use sector_sim::{Rules, Snapshot, Universe, World};
use tokio::time::timeout;

use crate::state::State;

/// Most previews generated at once.
pub(crate) const PREVIEWS_AT_ONCE_MAX: usize = 2;
/// How long a request waits for a free slot.
const SLOT_WAIT: Duration = Duration::from_secs(5);
/// Most systems of a preview; generation takes well under a second.
const SYSTEMS_MAX: u32 = 3_000;
/// Universe id and pace that a preview reports.
const UNIVERSE: &str = "preview";
const TICK_DELAY_MS: u64 = 300;

/// `GET /preview?seed=&systems=&factions=`: a snapshot, or the page that shows it if the client prefers HTML.
pub(crate) async fn preview(context: Context<State>) -> Result<Response, Problem> {
    if prefers_html(context.headers())
        && let Some(page) = context.state().assets.get("/")
    {
        return Ok(varied(page.respond(context.headers())));
    }
    let query = context.query(&["seed", "systems", "factions"])?;
    let seed = query
        .integer("seed", 0..=MAX_SEED)?
        .ok_or_else(|| missing("seed", "an integer from 0 to 2^53 - 1"))?;
    let systems = query.integer("systems", 2..=SYSTEMS_MAX)?;
    let factions = query.integer("factions", 2..=MAX_STARTERS)?;

    let slot = timeout(SLOT_WAIT, Arc::clone(&context.state().previews).acquire_owned());
    let Ok(Ok(slot)) = slot.await else {
        return Err(Problem::unavailable(
            Code::Busy,
            "Too many previews are being generated; try again shortly.",
            1,
        ));
    };
    let headers = context.headers().clone();
    let generated = tokio::task::spawn_blocking(move || {
        // Held to the end even if the client disconnects.
        let _slot = slot;
        generate(seed, systems, factions, &headers)
    });
    let mut response = varied(generated.await.map_err(Problem::internal)??);
    // The same seed gives the same map for as long as this version runs.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}

fn varied(mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    response
}

/// The snapshot as JSON, encoded as the request headers allow.
fn generate(
    seed: u64,
    systems: Option<u32>,
    factions: Option<u8>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let rules = Rules::classic();
    let standard = Size::standard(&rules);
    let size = Size {
        systems: systems.unwrap_or(standard.systems),
        factions: factions.unwrap_or(standard.factions),
    };
    let universe = Universe {
        id: UNIVERSE.to_owned(),
        tick_delay_ms: TICK_DELAY_MS,
        rules: rules.name.clone(),
    };
    let world = World::with_size(Arc::new(rules), seed, size).map_err(|error| match error {
        WorldError::Map(error) => Problem::unprocessable(
            Code::ImpossibleMap,
            format!("No map of this size exists: {error}."),
        ),
        error => Problem::internal(error),
    })?;
    let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    let mut json = Vec::new();
    snapshot.write_json(&mut json);
    // No ETag: each response is generated afresh.
    Ok(Encoded::new(json, HeaderValue::from_static("application/json"), "", Effort::Live)
        .respond(headers))
}
