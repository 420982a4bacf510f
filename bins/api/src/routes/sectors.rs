//! `/sectors`: the sectors of this service.

use http_kit::{Problem, Response, reply};

use crate::request::call::Call;
use crate::request::problems::of_sector;
use sector_wire::{SectorList, SectorPlace};

/// The sectors that this service serves.
///
/// Paths without a prefix mean the `home` sector; with the prefix `/sectors/{sector}` they mean that one.
#[utoipa::path(
    get,
    path = "/sectors",
    operation_id = "sectors",
    tag = "service",
    responses((status = 200, description = "Sectors, ordered by name.", body = SectorList))
)]
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let api = call.state();
    let home = api.sectors.home().name();
    let names = api.sectors.names().await.map_err(of_sector)?;
    let sectors = names.into_iter().map(|name| SectorPlace {
        path: format!("/sectors/{name}"),
        home: name == home,
        name,
    });
    reply::json(&SectorList { sectors: sectors.collect() })
}
