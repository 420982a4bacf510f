//! `/`: status of the sector, with links.

use std::collections::BTreeMap;
use std::time::Duration;

use follow::{EntryKind, Frame, Health};
use http_kit::{Problem, Response, reply};
use sector_redis::{Position, StreamId};
use sector_sim::snapshot::{ResultForm, RunEnd};
use serde::Deserialize;

use crate::request::call::Call;
use crate::request::prefix::SectorName;
use sector_wire::{SectorCondition, SectorStatus};

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Links of a sector, by name.
const OF_SECTOR: &[(&str, &str)] = &[
    ("snapshot", "/snapshot"),
    ("events", "/events"),
    ("factions", "/factions"),
    ("rules", "/rules"),
];
/// Links of the service, by name.
const OF_SERVICE: &[(&str, &str)] = &[
    ("docs", "/docs"),
    ("openapi", "/openapi.json"),
    ("sectors", "/sectors"),
    ("health", "/health"),
];

/// Status of the sector, with links.
///
/// While the store cannot be reached, the response is still 200, with the `status` `unreachable`.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "status",
    tag = "service",
    responses((status = 200, description = "The status.", body = SectorStatus, example = json!({
        "service": "api", "version": "0.1.0", "sector": "default", "status": "running", "paused": false,
        "universe_id": "u-19ab2c3d4e5-0badf00d", "tick": 417, "tick_delay_ms": 300, "rules": "classic",
        "result": null, "next_universe_at_ms": null,
        "links": {"snapshot": "/snapshot", "events": "/events", "docs": "/docs"}
    })))
)]
pub(crate) async fn status(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let paused = call.store().paused().await.ok();
    let frame = call.follower().current();
    let result = frame.as_ref().and_then(|frame| frame.board().result()).map(ResultForm::from);
    let status = match call.follower().health() {
        Health::NoUniverse => SectorCondition::Waiting,
        Health::Starting | Health::Interrupted { .. } | Health::Stopped => {
            SectorCondition::Unreachable
        }
        Health::Following if paused.is_none() => SectorCondition::Unreachable,
        Health::Following if result.is_some() => SectorCondition::Over,
        Health::Following if paused == Some(true) => SectorCondition::Paused,
        Health::Following => SectorCondition::Running,
    };
    let next_universe_at_ms = match &frame {
        Some(frame) if result.is_some() => next_universe(&call, frame).await,
        _ => None,
    };
    let universe = frame.as_ref().map(|frame| frame.mirror().universe());
    reply::json(&SectorStatus {
        service: NAME.to_owned(),
        version: VERSION.to_owned(),
        sector: call.sector().name().to_owned(),
        status,
        paused,
        universe_id: universe.map(|universe| universe.id.clone()),
        tick: frame.as_ref().map(|frame| frame.tick()),
        tick_delay_ms: universe.map(|universe| universe.tick_delay_ms),
        rules: universe.map(|universe| universe.rules.clone()),
        result,
        next_universe_at_ms,
        links: links(&call),
    })
}

/// When the next universe is due: a fixed time after the end, which the list of runs has. `None` if
/// unknown.
async fn next_universe(call: &Call, frame: &Frame) -> Option<u64> {
    #[derive(Deserialize)]
    struct Ended {
        ended_at_ms: u64,
    }
    #[derive(Deserialize)]
    struct Entry {
        data: RunEnd,
    }
    let runs = call.store().runs(1).await.ok()?;
    let run = runs.first().filter(|run| run.universe == *frame.universe())?;
    let ended: Ended = serde_json::from_str(&run.summary).ok()?;
    // The announcement of the end is the last entry of a universe.
    let before = StreamId::new(frame.event_id().number().checked_sub(1)?);
    let position = Position { incarnation: Some(frame.incarnation()), after: before };
    let entries = call.follower().read_after(position, 1, Duration::ZERO).await.ok()?;
    let entry = entries.first().filter(|entry| entry.kind == EntryKind::RunEnd)?;
    let announced: Entry = serde_json::from_slice(&entry.json).ok()?;
    Some(ended.ended_at_ms.saturating_add(announced.data.next_universe_in_ms?))
}

/// Links; those of the sector have the same prefix as this request.
fn links(call: &Call) -> BTreeMap<String, String> {
    let prefix = match call.extension::<SectorName>() {
        Some(_) => format!("/sectors/{}", call.sector().name()),
        None => String::new(),
    };
    let of_sector =
        OF_SECTOR.iter().map(|(name, path)| ((*name).to_owned(), format!("{prefix}{path}")));
    let of_service = OF_SERVICE.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    of_sector.chain(of_service).collect()
}
