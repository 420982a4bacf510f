//! `/factions`: factions and claims.

use sector_wire::Code;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

use follow::{Frame, History, Sample};
use http_kit::{Effort, FieldError, Problem, Response, reply};
use sector_auth::Address;
use sector_redis::{Claim, ClaimOutcome};
use sector_sim::FactionId;
use sector_sim::board::Faction;
use sector_sim::ids::FactionKind;
use sector_sim::names::faction_color;
use sector_sim::snapshot::FactionForm;

use super::me::describe;
use crate::identity::bot_keys;
use crate::identity::caller::Caller;
use crate::request::bodies::{self, Stamp};
use crate::request::call::Call;
use crate::request::problems::{of_follower, of_store};
use crate::state::Api;
use sector_wire::{
    ClaimRequest, Controller, FactionDocument, FactionHistory, FactionList, FactionSample,
    FactionSeat, KeepAnswer, Me, ReleaseAnswer, began_ms,
};

/// Maximum body of a claim, in bytes.
const BODY_BYTES_MAX: usize = 1_024;

/// All factions of the running universe, with their claims.
///
/// Claims made or released through another server appear within a second.
#[utoipa::path(
    get,
    path = "/factions",
    operation_id = "factions",
    tag = "players",
    params(("If-None-Match" = Option<String>, Header, description = "A previous ETag; if it is still current, the response is 304 without a body.")),
    responses((status = 200, description = "All factions of this universe, past and present.", body = FactionList,
        headers(("ETag" = String, description = "Changes with the content."))))
)]
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let frame = call.follower().frame().map_err(of_follower)?;
    let (api, sector) = (call.state(), call.sector().name());
    let now_ms = api.now().unix_ms();
    let changes = api.seat_changes.load(Ordering::Acquire);
    let stamp = Stamp::of(&frame, changes);
    if let Some(body) = api.faction_lists.find(sector, stamp, now_ms) {
        return Ok(bodies::respond(&call, &body));
    }
    let claimed = claimed(&call, &frame).await?;
    let factions =
        frame.board().factions().iter().map(|faction| seat_of(&frame, faction, &claimed));
    let list =
        FactionList { universe_id: frame.universe().to_string(), factions: factions.collect() };
    drop(frame);
    let json = serde_json::to_vec(&list).map_err(Problem::internal)?;
    let tag = bodies::tag_of(&json);
    let body = bodies::json(json, tag, Effort::Live);
    let body = api.faction_lists.keep(sector, stamp, now_ms, body);
    Ok(bodies::respond(&call, &body))
}

/// A faction: rank, economy, claim and history.
#[utoipa::path(
    get,
    path = "/factions/{id}",
    operation_id = "faction",
    tag = "sector",
    params(("id" = String, Path, description = "Faction id.", example = "F1")),
    responses(
        (status = 200, description = "The faction.", body = FactionDocument),
        (status = 404, description = "`unknown_faction`: this universe has no faction with this id."),
    )
)]
pub(crate) async fn one(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let frame = call.follower().frame().map_err(of_follower)?;
    let board = frame.board();
    let wanted = call.parameter("id");
    let id = wanted.parse::<FactionId>().ok();
    let faction = id.and_then(|id| board.faction(id)).ok_or_else(|| {
        let shown: String = wanted.chars().take(16).collect();
        let known: Vec<String> =
            board.factions().iter().map(|faction| faction.id.to_string()).collect();
        Problem::not_found(
            Code::UnknownFaction,
            format!(
                "There is no faction {shown:?} in this universe; its factions are {}.",
                known.join(", ")
            ),
        )
    })?;
    let claimed = claimed(&call, &frame).await?;
    let standing = board.standing();
    let rank = standing.iter().position(|living| living.id == faction.id);
    let history = call
        .follower()
        .with_history(|history| {
            (history.universe() == frame.universe()).then(|| history_of(history, faction.id))
        })
        .flatten()
        .unwrap_or(FactionHistory { from_tick: frame.tick(), every_ticks: 1, samples: Vec::new() });
    reply::json(&FactionDocument {
        universe_id: frame.universe().to_string(),
        tick: frame.tick(),
        faction: FactionForm::of(faction),
        rank: rank.map(|rank| rank as u32 + 1),
        living: standing.len() as u32,
        seat: seat_of(&frame, faction, &claimed),
        history,
    })
}

/// The history of a faction.
fn history_of(history: &History, faction: FactionId) -> FactionHistory {
    let samples = history.samples(faction).iter().map(|sample| {
        let Sample { tick, systems, value, economy, fleets, strength } = *sample;
        FactionSample { tick, systems, value, economy, fleets, strength }
    });
    FactionHistory {
        from_tick: history.from_tick(),
        every_ticks: history.every_ticks(),
        samples: samples.collect(),
    }
}

/// Who holds a faction.
struct Holder {
    /// Label of the key if a player's bot plays.
    bot: Option<String>,
    is_away: bool,
}

/// Claimed factions with their holders.
async fn claimed(call: &Call, frame: &Frame) -> Result<HashMap<String, Holder>, Problem> {
    let api = call.state();
    let now_ms = api.now().unix_ms();
    let claims =
        call.store().claims(frame.universe(), now_ms, api.idle_ms()).await.map_err(of_store)?;
    let players: Vec<String> = claims.iter().map(|claim| claim.player.clone()).collect();
    let mut labels = bot_keys::labels(api, &players).await?;
    let holder = |claim: Claim| {
        let is_away = now_ms.saturating_sub(claim.seen_ms) >= api.autopilot_ms();
        (claim.faction, Holder { bot: labels.remove(&claim.player), is_away })
    };
    Ok(claims.into_iter().map(holder).collect())
}

/// A faction with its claim.
fn seat_of(frame: &Frame, faction: &Faction, claimed: &HashMap<String, Holder>) -> FactionSeat {
    let claim = claimed.get(&faction.id.to_string());
    let is_claimed = claim.is_some();
    let is_away = claim.is_some_and(|holder| holder.is_away);
    let bot = claim.and_then(|holder| holder.bot.clone());
    FactionSeat {
        id: faction.id,
        name: faction.name.to_string(),
        color: faction_color(faction.id).to_owned(),
        kind: faction.id.kind(),
        alive: faction.alive,
        systems: faction.systems,
        value: faction.value,
        strength: faction.strength,
        claimed: is_claimed,
        claimable: !is_claimed && is_open(frame, faction.id),
        autopilot: is_away,
        controller: if is_claimed && bot.is_none() && !is_away {
            Controller::Human
        } else {
            Controller::Bot
        },
        bot,
    }
}

/// Claim a faction.
///
/// Each player holds at most one faction, and each faction at most one player; only starting
/// factions can be claimed. A claim ends with the universe, when its player signs out, or when they
/// have been away too long: orders and `POST /factions/keep` keep it, reads do not. While a player is
/// away for a shorter time, a computer plays on in their name.
#[utoipa::path(
    post,
    path = "/factions/claim",
    operation_id = "claim_faction",
    tag = "players",
    security(("bearer" = [])),
    request_body = ClaimRequest,
    responses(
        (status = 200, description = "You hold the faction.", body = Me),
        (status = 400, description = "`unknown_faction`."),
        (status = 403, description = "`operator_has_no_seat`: the operator's link is no player."),
        (status = 409, description = "`faction_claimed`: another player holds it. `already_claimed`: you hold another. `not_claimable`: it is not a starting faction, or was eliminated. `run_over`, `no_universe`."),
        (status = 413, description = "`payload_too_large`: more than 1024 bytes."),
    )
)]
pub(crate) async fn claim(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let person = call.person()?;
    if person.address == Address::ZERO {
        return Err(Problem::forbidden(
            Code::OperatorHasNoSeat,
            "The operator's link cannot hold a faction: log in with a wallet or as a guest to play.",
        ));
    }
    let ClaimRequest { faction: wanted } = call.json(BODY_BYTES_MAX).await?;
    let api = call.state();
    let frame = call.acting_frame().await?;
    let id = wanted.parse::<FactionId>().ok().filter(|&id| frame.board().faction(id).is_some());
    let Some(id) = id else {
        let shown: String = wanted.chars().take(16).collect();
        let known: Vec<String> =
            frame.board().factions().iter().map(|faction| faction.id.to_string()).collect();
        let detail = "There is no such faction in this universe.";
        return Err(Problem::bad_request(Code::UnknownFaction, detail)
            .with_error(FieldError::new("faction", shown, known.join(", "), detail)));
    };
    if !is_open(&frame, id) {
        return Err(Problem::conflict(
            Code::NotClaimable,
            format!("{id} cannot be claimed: only living starting factions can."),
        ));
    }
    let outcome = call
        .store()
        .claim(
            frame.universe(),
            &id.to_string(),
            &person.player(),
            api.now().unix_ms(),
            api.idle_ms(),
        )
        .await
        .map_err(of_store)?;
    drop(frame);
    call.seats_changed();
    match outcome {
        ClaimOutcome::Claimed => {
            let mut me = describe(&call, &person).await?;
            let began_ms = me.universe_id.as_deref().and_then(began_ms);
            me.victory_counts_from_ms = began_ms.map(|began_ms| counts_from_ms(api, began_ms));
            reply::json(&me)
        }
        ClaimOutcome::TakenByOther => {
            Err(Problem::conflict(Code::FactionClaimed, format!("Another player holds {id}.")))
        }
        ClaimOutcome::AlreadyHolds(other) => Err(Problem::conflict(
            Code::AlreadyClaimed,
            format!("You hold {other}; release it first."),
        )),
        ClaimOutcome::WrongUniverse => Err(Problem::conflict(
            Code::RunOver,
            "The universe has just ended; try again in the next one.",
        )),
    }
}

/// When a seat that is taken now will have been held for the share of the run that a victory needs.
fn counts_from_ms(api: &Api, began_ms: u64) -> u64 {
    let now_ms = api.now().unix_ms();
    let rest = u64::from(100_u8.saturating_sub(api.config.victory_share_percent)).max(1);
    began_ms.saturating_add(now_ms.saturating_sub(began_ms).saturating_mul(100) / rest)
}

/// Keep the claimed faction.
///
/// Says "still here" for a player who gives no orders. Send it about every 10 seconds; orders count as
/// well. Needs a login, or a key with the verb `orders`.
#[utoipa::path(
    post,
    path = "/factions/keep",
    operation_id = "keep_faction",
    tag = "players",
    security(("bearer" = []), ("botToken" = [])),
    responses(
        (status = 200, description = "The faction is kept, if you hold one.", body = KeepAnswer),
        (status = 401, description = "`unauthenticated`, or a problem with the token."),
    )
)]
pub(crate) async fn keep(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let api = call.state();
    let universe = call.follower().current().map(|frame| frame.universe().clone());
    let faction = match (universe, call.caller()) {
        (Some(universe), Caller::Person(person)) => {
            let (now_ms, player) = (api.now().unix_ms(), person.player());
            call.store().touch(&universe, &player, now_ms, api.idle_ms()).await.map_err(of_store)?
        }
        // The operator's bots hold no faction.
        _ => None,
    };
    reply::json(&KeepAnswer {
        faction,
        autopilot_after_ms: api.autopilot_ms(),
        released_after_ms: api.idle_ms(),
    })
}

/// Release the claimed faction.
#[utoipa::path(
    delete,
    path = "/factions/claim",
    operation_id = "release_faction",
    tag = "players",
    security(("bearer" = [])),
    responses((status = 200, description = "You no longer hold a faction.", body = ReleaseAnswer))
)]
pub(crate) async fn release(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let person = call.person()?;
    let released = call.release_seat(&person).await?;
    reply::json(&ReleaseAnswer { released })
}

/// Whether players may claim the faction if no one holds it.
fn is_open(frame: &Frame, id: FactionId) -> bool {
    !frame.is_over()
        && id.kind() == FactionKind::Starter
        && frame.board().faction(id).is_some_and(|faction| faction.alive)
}
