//! `/me`: the caller.

use http_kit::{Problem, Response, reply};

use crate::identity::caller::Person;
use crate::request::call::Call;
use crate::request::problems::of_store;
use sector_wire::Me;

/// The caller, and the faction they hold.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "me",
    tag = "players",
    security(("bearer" = [])),
    responses((status = 200, description = "The caller.", body = Me))
)]
pub(crate) async fn me(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let person = call.person()?;
    reply::json(&describe(&call, &person).await?)
}

/// The caller, with the faction they hold in the running universe.
pub(super) async fn describe(call: &Call, person: &Person) -> Result<Me, Problem> {
    let universe = call.follower().current().map(|frame| frame.universe().clone());
    let faction = match &universe {
        Some(universe) => call.seat(universe, person).await.map_err(of_store)?,
        None => None,
    };
    Ok(Me {
        address: person.player(),
        faction,
        victory_counts_from_ms: None,
        universe_id: universe.map(String::from),
        role: person.role.to_string(),
    })
}
