//! A system and a faction.

use sector_sim::order::Amount;
use sector_sim::snapshot::{FactionForm, FleetForm, SystemForm};
use sector_sim::{Command, Order, SystemId};
use sector_wire::{Controller, FactionDocument, SystemDocument};

use crate::harness::{Reply, Sector};

fn read<T: serde::de::DeserializeOwned>(answer: &Reply) -> T {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_names_its_lanes_and_who_is_coming() {
    let mut sector = Sector::start().await;
    let home = SystemId(sector.home(1));
    let map = sector.world().map().clone();
    // A target two lanes away: the fleet passes through a system in between.
    let near = map.neighbours(home)[0].system;
    let far = map
        .neighbours(near)
        .iter()
        .map(|far| far.system)
        .find(|&far| far != home && map.lane_ticks(home, far).is_none());
    let far = far.expect("a system two lanes away");
    let faction = "F1".parse().unwrap();
    let go = Command::Move { origin: home, target: far, fleet: None, amount: Amount::Fleet };
    sector.tick(&[Order::new(faction, go)]).await;

    let here: SystemDocument = read(&sector.get(&format!("/systems/{home}")).await);
    let world = sector.world();
    assert_eq!(Some(&here.system), SystemForm::of(world.map(), world.board(), home).as_ref());
    assert_eq!((here.universe_id.as_str(), here.tick, here.fleets.len()), ("u-1", 1, 0));
    let lanes: Vec<_> = here.lanes.iter().map(|lane| (lane.system_id, lane.ticks)).collect();
    let wanted: Vec<_> =
        map.neighbours(home).iter().map(|lane| (lane.system.0, lane.ticks)).collect();
    assert_eq!(lanes, wanted);
    assert!(
        here.lanes
            .iter()
            .all(|lane| *lane.name == *map.site(SystemId(lane.system_id)).unwrap().name)
    );

    let fleet = world.board().fleets().iter().find(|fleet| fleet.owner == faction).unwrap();
    let form = FleetForm::of(fleet);
    let through = form.enroute_to.unwrap();
    let [passes, stops] = [through, far].map(|system| format!("/systems/{system}"));
    let passes: SystemDocument = read(&sector.get(&passes).await);
    assert_eq!((passes.inbound.len(), passes.inbound[0].stops), (1, false));
    assert_eq!((&passes.inbound[0].fleet, Some(passes.inbound[0].arrives)), (&form, form.eta));
    let stops: SystemDocument = read(&sector.get(&stops).await);
    let (arrives, is_last) = (stops.inbound[0].arrives, stops.inbound[0].stops);
    assert!(is_last);

    // The predicted arrival happens.
    while sector.world().tick() < arrives {
        let on_lane = |sector: &Sector| {
            sector.world().board().fleets().get(form.id).is_none_or(|fleet| fleet.at() != Some(far))
        };
        assert!(on_lane(&sector), "it came before tick {arrives}");
        sector.tick(&[]).await;
    }
    let there: SystemDocument = read(&sector.get(&format!("/systems/{far}")).await);
    assert_eq!(
        (there.inbound.len(), there.fleets.first().map(|fleet| fleet.id)),
        (0, Some(form.id))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_systems_are_404() {
    let sector = Sector::start().await;
    sector.get("/systems/30").await.problem(404, "unknown_system");
    sector.get("/systems/-1").await.problem(400, "invalid_path");
    sector.get("/systems/one").await.problem(400, "invalid_path");
    sector.get("/systems/99999999999").await.problem(400, "invalid_path");
    sector.get("/systems/1?all=1").await.problem(400, "invalid_query");
    sector.get("/factions/F9").await.problem(404, "unknown_faction");
    sector
        .get("/factions/nobody%20at%20all%20of%20that%20name")
        .await
        .problem(404, "unknown_faction");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faction_has_a_rank_a_seat_and_a_history() {
    let mut sector = Sector::start().await;
    sector.log_in_with(1, "F2").await;
    for _ in 0..40 {
        sector.tick(&[]).await;
    }
    let board = sector.world().board();
    for (place, standing) in board.standing().into_iter().enumerate() {
        let document: FactionDocument =
            read(&sector.get(&format!("/factions/{}", standing.id)).await);
        assert_eq!(document.faction, FactionForm::of(standing));
        assert_eq!(
            (document.tick, document.rank, document.living),
            (40, Some(place as u32 + 1), board.standing().len() as u32)
        );
        let is_held = standing.id.to_string() == "F2";
        let controller = if is_held { Controller::Human } else { Controller::Bot };
        assert_eq!((document.seat.claimed, document.seat.controller), (is_held, controller));
        let history = document.history;
        assert_eq!((history.from_tick, history.every_ticks), (0, 1));
        let (first, last) = (history.samples[0], *history.samples.last().unwrap());
        assert_eq!(first.tick, 0);
        assert_eq!(
            (last.systems, last.value, last.economy, last.fleets, last.strength),
            (
                standing.systems,
                standing.value,
                standing.economy,
                standing.fleets,
                standing.strength
            )
        );
        assert!(history.samples.is_sorted_by(|one, other| one.tick < other.tick));
    }
}
