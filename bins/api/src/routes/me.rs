//! `/me`: who is asking.

use service::{Context, Problem, Response, reply};

use crate::caller::{Person, person};
use crate::problems::of_store;
use crate::seats::seat;
use crate::state::Api;
use crate::wire::Me;

/// Who is asking, and which faction they hold.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "me",
    tag = "players",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Who is asking.", body = Me),
        (status = 401, description = "`unauthenticated`, or the token's fault (`token_expired`, `token_signature`, …)."),
        (status = 403, description = "`not_a_player`: bots are nobody in particular."),
    )
)]
pub(crate) async fn me(context: Context<Api>) -> Result<Response, Problem> {
    context.query(&[])?;
    let person = person(&context)?;
    reply::json(&describe(context.state(), &person).await?)
}

/// The person, and which faction of the running universe they hold.
pub(super) async fn describe(api: &Api, person: &Person) -> Result<Me, Problem> {
    let universe_id = api.follower.current().map(|frame| frame.universe().to_owned());
    let faction = match &universe_id {
        Some(universe) => seat(api, universe, person).await.map_err(of_store)?,
        None => None,
    };
    Ok(Me { address: person.player(), faction, universe_id, role: person.role.to_string() })
}
