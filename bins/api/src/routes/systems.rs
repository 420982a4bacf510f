//! `/systems/{id}`: one system and everything about it.

use http_kit::{Problem, Response, reply};
use sector_sim::SystemId;
use sector_sim::snapshot::{FleetForm, SystemForm};
use sector_wire::Code;

use crate::request::call::Call;
use crate::request::problems::of_follower;
use sector_wire::{Inbound, LaneEnd, SystemDocument};

/// A system: its state, lanes, fleets present and fleets inbound.
#[utoipa::path(
    get,
    path = "/systems/{id}",
    operation_id = "system",
    tag = "sector",
    params(("id" = u32, Path, description = "System id, from 0.", example = 3)),
    responses(
        (status = 200, description = "The system.", body = SystemDocument),
        (status = 400, description = "`invalid_path`, `invalid_query`."),
        (status = 404, description = "`unknown_system`: this universe has no system with this id."),
    )
)]
pub(crate) async fn system(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let id: u32 = call.parameter_as("id", "the id of a system, such as 3")?;
    let frame = call.follower().frame().map_err(of_follower)?;
    let (map, board, id) = (frame.map(), frame.board(), SystemId(id));
    let system = SystemForm::of(map, board, id).ok_or_else(|| {
        let last = map.len().saturating_sub(1);
        Problem::not_found(
            Code::UnknownSystem,
            format!("There is no system {id} in this universe; its systems are 0 to {last}."),
        )
    })?;
    let lanes = map.neighbours(id).iter().map(|neighbour| LaneEnd {
        system_id: neighbour.system.0,
        name: map.site(neighbour.system).map(|site| site.name.to_string()).unwrap_or_default(),
        ticks: neighbour.ticks,
    });
    let coming = board.fleets().iter().filter(|fleet| !fleet.is_idle());
    let mut inbound: Vec<Inbound> = coming
        .filter_map(|fleet| {
            let (_, arrives) =
                fleet.schedule(map, frame.tick()).find(|(system, _)| *system == id)?;
            Some(Inbound { fleet: FleetForm::of(fleet), arrives, stops: fleet.destination() == id })
        })
        .collect();
    inbound.sort_by_key(|inbound| (inbound.arrives, inbound.fleet.id));
    reply::json(&SystemDocument {
        universe_id: frame.universe().to_string(),
        tick: frame.tick(),
        system,
        lanes: lanes.collect(),
        fleets: board.fleets().at(id).map(FleetForm::of).collect(),
        inbound,
    })
}
