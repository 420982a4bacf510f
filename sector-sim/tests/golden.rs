//! Golden files for the numbers of the rules, readable by people.
//!
//! Tables of formulas and whole maps are kept under `tests/data` as text, so a change of the rules
//! shows up as changed numbers. `UPDATE_GOLDEN=1 cargo test -p sector-sim --test golden` rewrites
//! the files; review the diff like any other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use sector_sim::board::System;
use sector_sim::event::{Cause, narrate};
use sector_sim::map::Kind;
use sector_sim::names::{faction_color, faction_name};
use sector_sim::order::{Focus, OrderKind, Refusal};
use sector_sim::step::{attack_odds, economy, garrison_limit, output, rebellion_chance, weighed};
use sector_sim::world::Size;
use sector_sim::{Command, Event, FactionId, FleetId, Map, Order, Rules, SystemId, World};

/// Compares a text with a golden file, line by line.
fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let different = differing_lines(&expected, found);
    assert!(
        different.is_empty(),
        "{} differs; if the change is intended, rewrite it with UPDATE_GOLDEN=1:\n{different}",
        path.display()
    );
}

/// The first differing lines, the old one above the new one.
fn differing_lines(expected: &str, found: &str) -> String {
    let mut text = String::new();
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut shown = 0;
    for number in 1.. {
        let (old, new) = (expected.next(), found.next());
        if old.is_none() && new.is_none() {
            break;
        }
        if old != new {
            shown += 1;
            if shown <= 20 {
                for (sign, line) in [('-', old), ('+', new)] {
                    if let Some(line) = line {
                        writeln!(text, "{number:>5} {sign} {line}").unwrap();
                    }
                }
            }
        }
    }
    if shown > 20 {
        writeln!(text, "      and {} lines more", shown - 20).unwrap();
    }
    text
}

/// A table with column names and one line per row.
struct Table(String);

impl Table {
    fn new(what: &str, columns: &[&str]) -> Table {
        Table(format!("# {what}\n{}\n", columns.join("\t")))
    }

    fn row(&mut self, cells: &[&dyn std::fmt::Display]) {
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        self.0.push_str(&cells.join("\t"));
        self.0.push('\n');
    }
}

const STRENGTHS: [i64; 12] =
    [0, 1, 999, 1_000, 3_000, 5_000, 8_000, 10_000, 24_000, 40_000, 79_999, 1_000_000];

#[test]
fn odds_of_attacks() {
    let rules = Rules::classic().battle;
    let mut table = Table::new(
        "How likely an attack is to succeed, per mille: against nobody's system, its owner, the owner after a rebellion.",
        &[
            "attack",
            "defence",
            "plain",
            "owner",
            "owner_reclaim",
            "league_attack",
            "league_defence",
        ],
    );
    for attack in STRENGTHS {
        for defence in STRENGTHS {
            let odds = |attack, defence, owner, reclaim| {
                attack_odds(&rules, attack, defence, owner, reclaim)
            };
            let league = |strength| weighed(&rules, FactionId::LEAGUE, strength);
            table.row(&[
                &attack,
                &defence,
                &odds(attack, defence, false, false),
                &odds(attack, defence, true, false),
                &odds(attack, defence, true, true),
                &odds(league(attack), defence, true, false),
                &odds(attack, league(defence), true, false),
            ]);
        }
    }
    golden("formulas/attack_odds.tsv", &table.0);
}

const FOCUSES: [Focus; 4] = [Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order];

#[test]
fn yields_of_systems() {
    let rules = Rules::classic();
    let mut table = Table::new(
        "What a system adds to the economy of its owner, in thousandths, by what it strives for.",
        &["kind", "value", "stability", "maturity", "balanced", "industry", "garrison", "order"],
    );
    for kind in [Kind::Normal, Kind::Relic, Kind::Forge, Kind::Hive] {
        for value in [1, 5, 10] {
            for stability in [0, 1, 333, 500, 999, 1000] {
                for maturity in [0, 1, 7, 14, 15] {
                    let state = |focus| System { stability, maturity, focus, ..System::default() };
                    let found = FOCUSES.map(|focus| output(&rules, &state(focus), kind, value));
                    let kind = format!("{kind:?}").to_lowercase();
                    let [balanced, industry, garrison, order] = &found;
                    table.row(&[
                        &kind, &value, &stability, &maturity, balanced, industry, garrison, order,
                    ]);
                }
            }
        }
    }
    golden("formulas/output.tsv", &table.0);
}

#[test]
fn economies_of_factions() {
    let rules = Rules::classic().production;
    let mut table =
        Table::new("The economy of a faction, in thousandths.", &["systems", "outputs", "economy"]);
    for systems in [0, 1, 2, 5, 14, 15, 16, 20, 30, 100, 1_000, 100_000] {
        for outputs in [0, 1, 999, 5_000, 60_000, 1_000_000, 10_000_000_000] {
            table.row(&[&systems, &outputs, &economy(&rules, systems, outputs)]);
        }
    }
    golden("formulas/economy.tsv", &table.0);
}

#[test]
fn limits_of_garrisons() {
    let mut table = Table::new(
        "The greatest garrison by what a system strives for, for several values of recovery.garrison_most.",
        &["garrison_most", "balanced", "industry", "garrison", "order"],
    );
    for most in [0, 1, 999, 3_000, 1_000_000_000] {
        let mut rules = Rules::classic();
        rules.set("recovery.garrison_most", most).unwrap();
        let [balanced, industry, garrison, order] =
            FOCUSES.map(|focus| garrison_limit(&rules, focus));
        table.row(&[&most, &balanced, &industry, &garrison, &order]);
    }
    golden("formulas/garrison_limit.tsv", &table.0);
}

#[test]
fn chances_of_rebellions() {
    let rules = Rules::classic().rebellion;
    let mut table = Table::new(
        "How likely a system is to rise in a tick, per mille, by the number of systems of its owner.",
        &[
            "stability",
            "unrest",
            "heat",
            "systems_1",
            "systems_15",
            "systems_16",
            "systems_30",
            "systems_200",
        ],
    );
    for stability in [0, 100, 200, 201, 250, 400, 401, 1000] {
        for (unrest, heat) in [(0, 0), (0, 500), (1, 0), (250, 1_500), (500, 3_000), (1000, 3_000)]
        {
            let state = System { stability, unrest, heat, ..System::default() };
            let [a, b, c, d, e] =
                [1, 15, 16, 30, 200].map(|systems| rebellion_chance(&rules, &state, systems));
            table.row(&[&stability, &unrest, &heat, &a, &b, &c, &d, &e]);
        }
    }
    golden("formulas/rebellion_chance.tsv", &table.0);
}

#[test]
fn colours_and_names_of_factions() {
    let mut table =
        Table::new("Names by seed, and colours.", &["id", "color", "seed_1", "seed_2", "seed_3"]);
    let starters = (0..64).filter_map(FactionId::starter);
    let splinters = (0..32).filter_map(FactionId::splinter);
    for id in starters.chain([FactionId::LEAGUE]).chain(splinters) {
        table.row(&[
            &id,
            &faction_color(id),
            &faction_name(1, id),
            &faction_name(2, id),
            &faction_name(3, id),
        ]);
    }
    golden("maps/factions.tsv", &table.0);
}

/// A map as text: one line per system and per lane.
fn map_text(map: &Map, what: &str) -> String {
    let mut text = format!("# {what}\n");
    let home = |system: SystemId| map.homes().iter().position(|home| *home == system);
    for (index, site) in map.sites().iter().enumerate() {
        let id = SystemId(index as u32);
        let kind = format!("{:?}", site.kind).to_lowercase();
        let home = home(id).map_or(String::new(), |seat| {
            format!(" home {}", FactionId::starter(seat as u8).unwrap())
        });
        writeln!(
            text,
            "system {id} at {} {} value {} {kind}{home} {:?}",
            site.x, site.y, site.value, site.name
        )
        .unwrap();
    }
    for lane in map.lanes() {
        writeln!(text, "lane {} {} ticks {}", lane.a, lane.b, lane.ticks).unwrap();
    }
    text
}

#[test]
fn maps_of_seeds() {
    for (seed, systems, factions) in [
        (0, 30, 5),
        (1, 30, 5),
        (42, 30, 5),
        (9_007_199_254_740_991, 30, 5),
        (3, 2, 2),
        (4, 12, 3),
        (5, 100, 8),
        (6, 300, 64),
    ] {
        let map = Map::generate(&Rules::classic().map, seed, systems, factions).unwrap();
        let text = map_text(&map, &format!("seed {seed}, {systems} systems, {factions} factions"));
        golden(&format!("maps/seed-{seed}-{systems}-{factions}.txt"), &text);
    }
}

/// Systems recover to their resting state.
#[test]
fn recovery_of_systems() {
    let mut table = Table::new(
        "A home that is taken, tick by tick: seed 7, 12 systems, 3 factions; F1 sends all it has to the home of F2, whose fleets are sent out.",
        &[
            "tick",
            "owner",
            "garrison",
            "stability",
            "unrest",
            "heat",
            "reclaim_cooldown",
            "maturity",
            "fleets",
        ],
    );
    let mut world =
        World::with_size(Arc::new(Rules::classic()), 7, Size { systems: 12, factions: 3 }).unwrap();
    let [from, target] = [world.map().homes()[0], world.map().homes()[1]];
    let away = world.map().neighbours(target)[0].system;
    for _ in 0..120 {
        let send = |seat, origin, target| {
            let command = Command::Move {
                origin,
                target,
                fleet: None,
                amount: sector_sim::order::Amount::All,
            };
            Order::new(FactionId::starter(seat).unwrap(), command)
        };
        world.step(&[send(0, from, target), send(1, target, away)]);
        let state = world.board().system(target).unwrap();
        let owner = state.owner.map_or("none".to_owned(), |owner| owner.to_string());
        let fleets: Vec<String> = world
            .board()
            .fleets()
            .at(target)
            .map(|fleet| format!("{}:{}", fleet.owner, fleet.strength))
            .collect();
        table.row(&[
            &world.tick(),
            &owner,
            &state.garrison,
            &state.stability,
            &state.unrest,
            &state.heat,
            &state.reclaim_cooldown,
            &state.maturity,
            &if fleets.is_empty() { "none".to_owned() } else { fleets.join(" ") },
        ]);
    }
    assert!(table.0.contains("\tF1\t"), "the home falls");
    golden("formulas/recovery.tsv", &table.0);
}

#[test]
fn a_difference_is_shown_line_by_line() {
    assert_eq!(differing_lines("a\nb\nc\n", "a\nx\nc\nd\n"), "    2 - b\n    2 + x\n    4 + d\n");
    assert_eq!(differing_lines("a\n", "a\n"), "");
}

/// Every kind of event as JSON and as a sentence, with every refusal and every cause.
#[test]
fn events_as_json_and_as_sentences() {
    let world =
        World::with_size(Rules::classic().into(), 7, Size { systems: 12, factions: 3 }).unwrap();
    let told: Vec<(Event, String)> = events()
        .into_iter()
        .map(|event| (event.clone(), narrate(world.map(), world.board(), &event)))
        .collect();
    let mut kinds: Vec<String> = told
        .iter()
        .map(|(event, _)| serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    kinds.dedup();
    assert_eq!(kinds.len(), 13, "one after the other: {kinds:?}");
    let json: Vec<serde_json::Value> = told
        .iter()
        .map(|(event, text)| serde_json::json!({ "event": event, "text": text }))
        .collect();
    insta::assert_json_snapshot!(json);
    for (event, _) in told {
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }
}

fn events() -> Vec<Event> {
    let [one, two] = [0, 1].map(|seat| FactionId::starter(seat).unwrap());
    let splinter = FactionId::splinter(0).unwrap();
    let (here, there, nowhere) = (SystemId(3), SystemId(8), SystemId(99));
    let fleet = FleetId(17);
    let battle = |winner| Event::Battle {
        system: here,
        attacker: one,
        defender: two,
        attack: 12_345,
        defence: 9_999,
        odds: 481,
        winner,
        attacker_loss: 3_499,
        defender_loss: 8_999,
        garrison_loss: 1_000,
    };
    let mut events = vec![
        Event::Launched { fleet, faction: one, from: here, to: there, arrives: 12 },
        Event::Arrived { fleet, faction: one, system: there },
        Event::Arrived { fleet, faction: splinter, system: nowhere },
        battle(one),
        battle(two),
        Event::OccupationStarted { system: here, faction: one },
        Event::OccupationLost { system: here, faction: one },
        Event::Captured { system: here, faction: one, from: Some(two) },
        Event::Captured { system: here, faction: one, from: None },
        Event::Rebelled { system: here, from: one, to: FactionId::LEAGUE },
        Event::Seceded { system: here, from: one, to: splinter },
        Event::FleetBuilt { fleet, faction: one, system: here, strength: 5_000 },
    ];
    let orders = [OrderKind::Move, OrderKind::Cancel, OrderKind::Muster, OrderKind::Focus];
    events.extend(orders.iter().map(|&kind| Event::OrderApplied {
        order: 2,
        faction: one,
        kind,
        fleet: matches!(kind, OrderKind::Move | OrderKind::Cancel).then_some(fleet),
        client_id: Some("a:1".into()),
    }));
    events.extend(Refusal::ALL.iter().zip(0..).map(|(&code, order)| Event::OrderRefused {
        order,
        faction: two,
        kind: orders[order as usize % orders.len()],
        code,
        client_id: None,
    }));
    events.push(Event::Eliminated { faction: two });
    for cause in [Cause::Domination, Cause::LastStanding, Cause::TickLimit] {
        events.push(Event::RunEnded { winner: Some(one), cause });
    }
    events.push(Event::RunEnded { winner: None, cause: Cause::LastStanding });
    events
}
