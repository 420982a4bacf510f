//! Tables of an export: names, columns, types and units. Names and types are stable, because
//! analyses depend on them. A test keeps `docs/how-to/research.md` in step.

use std::borrow::Cow;

use sector_sim::{FactionId, FleetId, SystemId};
use serde::Serialize;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A signed 64-bit integer.
    Integer,
    /// True or false.
    Boolean,
    /// UTF-8 text.
    Text,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// Whether a value may be missing.
    pub(crate) nullable: bool,
    /// Unit; empty for names and text.
    pub(crate) unit: &'static str,
    pub(crate) about: &'static str,
}

const fn integer(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, kind: Kind::Integer, nullable: false, unit, about }
}

const fn text(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: Kind::Text, nullable: false, unit: "", about }
}

const fn boolean(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: Kind::Boolean, nullable: false, unit: "", about }
}

impl Column {
    const fn nullable(self) -> Column {
        Column { nullable: true, ..self }
    }
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum Table {
    Run,
    Factions,
    Systems,
    Lanes,
    TicksFactions,
    TicksSystems,
    Battles,
    Orders,
    Events,
}

impl Table {
    pub(crate) const ALL: [Table; 9] = [
        Table::Run,
        Table::Factions,
        Table::Systems,
        Table::Lanes,
        Table::TicksFactions,
        Table::TicksSystems,
        Table::Battles,
        Table::Orders,
        Table::Events,
    ];

    /// Name of the table and of its file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Table::Run => "run",
            Table::Factions => "factions",
            Table::Systems => "systems",
            Table::Lanes => "lanes",
            Table::TicksFactions => "ticks_factions",
            Table::TicksSystems => "ticks_systems",
            Table::Battles => "battles",
            Table::Orders => "orders",
            Table::Events => "events",
        }
    }

    /// Meaning of a row.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Table::Run => "what was played and how it ended (one row)",
            Table::Factions => "one row per faction that ever existed",
            Table::Systems => "one row per system: what never changes",
            Table::Lanes => "one row per lane",
            Table::TicksFactions => {
                "one row per faction and tick, after the tick; tick 0 is the start"
            }
            Table::TicksSystems => {
                "one row per system and tick that changed it (all systems at tick 0 and with --every)"
            }
            Table::Battles => "one row per battle",
            Table::Orders => "one row per order, with its outcome",
            Table::Events => "one row per event, battles included",
        }
    }

    /// Whether the table can be written without replaying the run.
    pub(crate) const fn is_recorded(self) -> bool {
        matches!(self, Table::Run | Table::Orders)
    }

    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Table::Run => RUN,
            Table::Factions => FACTIONS,
            Table::Systems => SYSTEMS,
            Table::Lanes => LANES,
            Table::TicksFactions => TICKS_FACTIONS,
            Table::TicksSystems => TICKS_SYSTEMS,
            Table::Battles => BATTLES,
            Table::Orders => ORDERS,
            Table::Events => EVENTS,
        }
    }
}

const MILLI: &str = "thousandths";
const PER_MILLE: &str = "per mille";

const TICK: Column = integer("tick", "ticks", "tick");

const RUN: &[Column] = &[
    text("universe_id", "id of the run"),
    integer("seed", "", "seed, 0 to 2^53 − 1"),
    integer("system_count", "systems", "number of systems"),
    integer("starter_count", "factions", "number of factions at the start"),
    text("rules", "name of the rules"),
    text("rules_hash", "SHA-256 of the canonical JSON of the rules"),
    integer("rules_version", "", "version of the engine's rules (RULES_VERSION)"),
    text("engine", "version of the engine that recorded the run"),
    text("commit", "its commit").nullable(),
    integer("started_ms", "Unix ms", "start time").nullable(),
    integer("ticks", "ticks", "number of recorded ticks"),
    integer("orders", "orders", "number of recorded orders"),
    boolean("is_complete", "whether the replay contains everything that was recorded"),
    text("digest", "digest of the last state, 16 hexadecimal digits"),
    text("winner", "winning faction; null while undecided and if nobody won").nullable(),
    text("cause", "domination, last_standing or tick_limit; null while undecided").nullable(),
];

const FACTIONS: &[Column] = &[
    text("faction", "id: F1 to F64, L1 or S1 to S32"),
    text("name", "name"),
    text("kind", "starter, league or splinter"),
    text("color", "colour, #rrggbb"),
    text("parent", "faction it broke away from").nullable(),
    integer("home", "system", "system it started in").nullable(),
    text("player", "strategy in its seat, if recorded").nullable(),
    integer("aggression", PER_MILLE, "trait of the strategy").nullable(),
    integer("expansionism", PER_MILLE, "trait of the strategy").nullable(),
    integer("greed", PER_MILLE, "trait of the strategy").nullable(),
    integer("caution", PER_MILLE, "trait of the strategy").nullable(),
    integer("first_tick", "ticks", "first tick after which it existed"),
    integer("eliminated_tick", "ticks", "tick that eliminated it; null if it survived").nullable(),
    boolean("is_winner", "whether it won"),
];

const SYSTEMS: &[Column] = &[
    integer("system", "", "id"),
    text("name", "name"),
    integer("x", "1/1 000 000 of the side", "distance from the left edge"),
    integer("y", "1/1 000 000 of the side", "distance from the top edge"),
    integer("value", "", "value, 1 to 10"),
    text("kind", "normal, relic, forge or hive"),
    integer("lanes", "lanes", "number of lanes"),
    text("home_of", "starter whose home it is").nullable(),
];

const LANES: &[Column] = &[
    integer("a", "system", "end with the lower id"),
    integer("b", "system", "end with the higher id"),
    integer("ticks", "ticks", "travel time of a fleet"),
];

const TICKS_FACTIONS: &[Column] = &[
    TICK,
    text("faction", "faction"),
    boolean("is_alive", "whether it has a system or a fleet"),
    integer("standing", "", "place among living factions, 1 is best").nullable(),
    integer("systems", "systems", "number of systems it owns"),
    integer("value", "", "total value of its systems"),
    integer("economy", MILLI, "yield of its systems"),
    integer("build_stock", MILLI, "stock for the next fleet"),
    integer("fleets", "fleets", "number of fleets"),
    integer("strength", MILLI, "total strength of its fleets"),
    integer("domination_ticks", "ticks", "consecutive ticks of domination"),
];

const TICKS_SYSTEMS: &[Column] = &[
    TICK,
    integer("system", "", "system"),
    text("owner", "owner").nullable(),
    integer("garrison", MILLI, "defensive strength without fleets"),
    integer("stability", PER_MILLE, "stability"),
    integer("unrest", PER_MILLE, "unrest after a capture"),
    integer("heat", "", "amount of recent fighting"),
    integer("reclaim_cooldown", "ticks", "remaining time in which attackers have lower odds"),
    integer("maturity", "ticks", "time under its owner, up to full yield"),
    text("focus", "balanced, industry, garrison or order"),
    text("occupation_faction", "occupying faction").nullable(),
    integer("occupation_progress", "ticks", "duration of the occupation"),
    text("siege_owner", "strongest foreign faction with a fleet there").nullable(),
    integer("siege_strength", MILLI, "strength of its fleets there"),
];

const BATTLES: &[Column] = &[
    TICK,
    integer("event", "", "index among the events of the tick, from 0"),
    integer("system", "", "place of the battle"),
    text("attacker", "attacker"),
    text("defender", "defender"),
    integer("attack", MILLI, "strength of the attacker before the battle"),
    integer(
        "defence",
        MILLI,
        "strength of the defender before the battle, with the garrison if it fought",
    ),
    integer("odds", PER_MILLE, "attacker's chance to win; 0 and 1000 are certain"),
    text("winner", "winner"),
    integer("attacker_loss", MILLI, "losses of the attacker's fleets"),
    integer("defender_loss", MILLI, "losses of the defender's fleets"),
    integer("garrison_loss", MILLI, "losses of the garrison"),
];

const ORDERS: &[Column] = &[
    TICK,
    integer("order", "", "index among the orders of the tick, from 0"),
    text("faction", "faction that received the order"),
    text("kind", "move, cancel, muster or focus"),
    integer("origin", "system", "move: start").nullable(),
    integer("target", "system", "move: destination; muster: where new fleets appear").nullable(),
    integer("fleet", "fleet", "named fleet").nullable(),
    integer("strength", MILLI, "move: strength to detach").nullable(),
    boolean("all", "move: every idle fleet there").nullable(),
    integer("system", "", "focus: system").nullable(),
    text("focus", "focus: new focus").nullable(),
    text("client_id", "sender's id of the order").nullable(),
    text("reason", "sender's reason, free text").nullable(),
    boolean("is_applied", "whether it was applied; null if unknown").nullable(),
    text("refusal", "code of the refusal").nullable(),
    integer("obeyed_by", "fleet", "fleet that carried it out").nullable(),
];

const EVENTS: &[Column] = &[
    TICK,
    integer("event", "", "index among the events of the tick, from 0"),
    text(
        "type",
        "launched, arrived, battle, occupation_started, occupation_lost, captured, rebelled, seceded, fleet_built, eliminated or run_ended",
    ),
    integer("system", "", "place; launched: start").nullable(),
    integer("to_system", "system", "launched: end of the lane").nullable(),
    text("faction", "faction that acted or gained; run_ended: the winner").nullable(),
    text("other_faction", "battle: defender; captured, rebelled, seceded: previous owner")
        .nullable(),
    integer("fleet", "fleet", "fleet").nullable(),
    integer("arrives", "ticks", "launched: tick of arrival").nullable(),
    integer("strength", MILLI, "fleet_built: strength").nullable(),
    text("text", "the event as a sentence"),
];

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(Cow<'a, str>),
}

macro_rules! integers {
    ($($type:ty),*) => {
        $(impl From<$type> for Cell<'_> {
            fn from(value: $type) -> Self {
                // No value comes near the limit.
                Cell::Integer(i64::try_from(value).unwrap_or(i64::MAX))
            }
        })*
    };
}
integers!(i64, u64, u32, u16, u8, usize);

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Cell::Boolean(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Cell::Text(value.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Cell::Text(value.into())
    }
}

impl From<FactionId> for Cell<'_> {
    fn from(value: FactionId) -> Self {
        value.to_string().into()
    }
}

impl From<SystemId> for Cell<'_> {
    fn from(value: SystemId) -> Self {
        value.0.into()
    }
}

impl From<FleetId> for Cell<'_> {
    fn from(value: FleetId) -> Self {
        value.0.into()
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

impl Cell<'_> {
    /// Whether a column may hold this value.
    pub(crate) const fn fits(&self, column: &Column) -> bool {
        match self {
            Cell::Null => column.nullable,
            Cell::Integer(_) => matches!(column.kind, Kind::Integer),
            Cell::Boolean(_) => matches!(column.kind, Kind::Boolean),
            Cell::Text(_) => matches!(column.kind, Kind::Text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_names_of_their_own() {
        for table in Table::ALL {
            let mut names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns().len(), "{}", table.name());
        }
    }

    /// The documentation lists every table with its columns.
    #[test]
    fn the_documentation_shows_the_tables_as_they_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/research.md");
        let page = std::fs::read_to_string(path).unwrap();
        let mut wanted = String::new();
        for table in Table::ALL {
            wanted.push_str(&format!("### `{}`: {}\n\n", table.name(), table.about()));
            wanted.push_str("| column | type | unit | what |\n| --- | --- | --- | --- |\n");
            for column in table.columns() {
                let kind = serde_json::to_value(column.kind).unwrap();
                let null = if column.nullable { ", null" } else { "" };
                let kind = kind.as_str().unwrap();
                wanted.push_str(&format!(
                    "| `{}` | {kind}{null} | {} | {} |\n",
                    column.name, column.unit, column.about
                ));
            }
            wanted.push('\n');
        }
        assert!(page.contains(&wanted), "docs/how-to/research.md should hold:\n\n{wanted}");
    }
}
