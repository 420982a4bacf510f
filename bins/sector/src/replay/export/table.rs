//! What the tables hold: their names, columns, types and units. Stable, because analyses are written against it;
//! `docs/how-to/research.md` shows the same, and a test holds the two together.

use std::borrow::Cow;

use sector_sim::{FactionId, FleetId, SystemId};
use serde::Serialize;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A signed integer of 64 bits.
    Integer,
    /// True or false.
    Boolean,
    /// A text in UTF-8.
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
    /// What it is counted in; empty for names and texts.
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

    /// The name, which is the name of its file as well.
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

    /// What a row stands for.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Table::Run => "one row: what was played, and how it ended",
            Table::Factions => "a faction that ever was",
            Table::Systems => "a system, as it never changes",
            Table::Lanes => "a lane",
            Table::TicksFactions => "a faction after a tick; tick 0 is the start",
            Table::TicksSystems => {
                "a system after a tick that changed it (all of them at tick 0 and with --every)"
            }
            Table::Battles => "a battle",
            Table::Orders => "an order that was given, with what became of it",
            Table::Events => "anything else that happened, battles included",
        }
    }

    /// Whether it can be told without playing the run again.
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

const TICK: Column = integer("tick", "ticks", "when");

const RUN: &[Column] = &[
    text("universe_id", "which run it was"),
    integer("seed", "", "the seed, 0 to 2^53 − 1"),
    integer("system_count", "systems", "how many systems there are"),
    integer("starter_count", "factions", "how many factions it started with"),
    text("rules", "the name of the rules"),
    text("rules_hash", "SHA-256 of the canonical JSON of the rules"),
    integer("rules_version", "", "what the rules mean, as a version of the engine's"),
    text("engine", "the version of the engine that recorded it"),
    text("commit", "its commit").nullable(),
    integer("started_ms", "Unix ms", "when it was started").nullable(),
    integer("ticks", "ticks", "how many are recorded"),
    integer("orders", "orders", "how many are recorded"),
    boolean("is_complete", "whether the replay reaches as far as the run was recorded"),
    text("digest", "the digest of the last state, 16 hexadecimal digits"),
    text("winner", "the faction that won; null while undecided and when nobody did").nullable(),
    text("cause", "domination, last_standing or tick_limit; null while undecided").nullable(),
];

const FACTIONS: &[Column] = &[
    text("faction", "its id: F1 to F64, L1 or S1 to S32"),
    text("name", "its name"),
    text("kind", "starter, league or splinter"),
    text("color", "its colour, #rrggbb"),
    text("parent", "the faction it broke away from").nullable(),
    integer("home", "system", "where it started").nullable(),
    text("player", "the strategy in its seat, if that was recorded").nullable(),
    integer("aggression", PER_MILLE, "trait of that strategy").nullable(),
    integer("expansionism", PER_MILLE, "trait of that strategy").nullable(),
    integer("greed", PER_MILLE, "trait of that strategy").nullable(),
    integer("caution", PER_MILLE, "trait of that strategy").nullable(),
    integer("first_tick", "ticks", "the tick after which it was first there"),
    integer("eliminated_tick", "ticks", "the tick that ended it; null when it outlived the record")
        .nullable(),
    boolean("is_winner", "whether it won"),
];

const SYSTEMS: &[Column] = &[
    integer("system", "", "its id"),
    text("name", "its name"),
    integer("x", "1/1 000 000 of the side", "distance from the left edge"),
    integer("y", "1/1 000 000 of the side", "distance from the top edge"),
    integer("value", "", "its value, 1 to 10"),
    text("kind", "normal, relic, forge or hive"),
    integer("lanes", "lanes", "how many lanes end there"),
    text("home_of", "the starter whose home it is").nullable(),
];

const LANES: &[Column] = &[
    integer("a", "system", "the end with the lower id"),
    integer("b", "system", "the end with the higher id"),
    integer("ticks", "ticks", "how long a fleet travels"),
];

const TICKS_FACTIONS: &[Column] = &[
    TICK,
    text("faction", "which"),
    boolean("is_alive", "whether it has a system or a fleet"),
    integer("standing", "", "its place among the living, 1 is best").nullable(),
    integer("systems", "systems", "how many it owns"),
    integer("value", "", "their value"),
    integer("economy", MILLI, "what its systems yield"),
    integer("build_stock", MILLI, "what is gathered towards the next fleet"),
    integer("fleets", "fleets", "how many it has"),
    integer("strength", MILLI, "their strength"),
    integer("domination_ticks", "ticks", "for how many running ticks it has dominated"),
];

const TICKS_SYSTEMS: &[Column] = &[
    TICK,
    integer("system", "", "which"),
    text("owner", "who owns it").nullable(),
    integer("garrison", MILLI, "strength that defends it without a fleet"),
    integer("stability", PER_MILLE, "how content it is"),
    integer("unrest", PER_MILLE, "how much it resents a capture"),
    integer("heat", "", "how much was fought there lately"),
    integer("reclaim_cooldown", "ticks", "while attackers have lower odds"),
    integer("maturity", "ticks", "for which it has been owned, up to those that yield in full"),
    text("focus", "balanced, industry, garrison or order"),
    text("occupation_faction", "who is occupying it").nullable(),
    integer("occupation_progress", "ticks", "for how long"),
    text("siege_owner", "the strongest foreign faction with a fleet there").nullable(),
    integer("siege_strength", MILLI, "the strength of its fleets there"),
];

const BATTLES: &[Column] = &[
    TICK,
    integer("event", "", "its place among the events of the tick, from 0"),
    integer("system", "", "where"),
    text("attacker", "who attacked"),
    text("defender", "who defended"),
    integer("attack", MILLI, "strength of the attacker before"),
    integer("defence", MILLI, "strength of the defender before, with the garrison if it fought"),
    integer("odds", PER_MILLE, "how likely the attacker was to win; 0 and 1000 mean certain"),
    text("winner", "who won"),
    integer("attacker_loss", MILLI, "what the attacker's fleets lost"),
    integer("defender_loss", MILLI, "what the defender's fleets lost"),
    integer("garrison_loss", MILLI, "what the garrison lost"),
];

const ORDERS: &[Column] = &[
    TICK,
    integer("order", "", "its place among the orders of the tick, from 0"),
    text("faction", "who was to obey"),
    text("kind", "move, cancel, muster or focus"),
    integer("origin", "system", "move: from where").nullable(),
    integer("target", "system", "move: to where; muster: where new fleets shall appear").nullable(),
    integer("fleet", "fleet", "which fleet was named").nullable(),
    integer("strength", MILLI, "move: how much to detach").nullable(),
    boolean("all", "move: every idle fleet there").nullable(),
    integer("system", "", "focus: which system").nullable(),
    text("focus", "focus: what it shall strive for").nullable(),
    text("client_id", "the sender's own id").nullable(),
    text("reason", "why, in the sender's words").nullable(),
    boolean(
        "is_applied",
        "whether it was carried out; null where neither the record nor playing tells",
    )
    .nullable(),
    text("refusal", "why not: the code of the refusal").nullable(),
    integer("obeyed_by", "fleet", "the fleet that obeyed").nullable(),
];

const EVENTS: &[Column] = &[
    TICK,
    integer("event", "", "its place among the events of the tick, from 0"),
    text(
        "type",
        "launched, arrived, battle, occupation_started, occupation_lost, captured, rebelled, seceded, fleet_built, eliminated or run_ended",
    ),
    integer("system", "", "where; of a launch: from where").nullable(),
    integer("to_system", "system", "launched: where the lane leads").nullable(),
    text("faction", "who did it, or gained; of an end of the run: the winner").nullable(),
    text("other_faction", "battle: the defender; captured, rebelled, seceded: the owner before")
        .nullable(),
    integer("fleet", "fleet", "which fleet").nullable(),
    integer("arrives", "ticks", "launched: the tick of arrival").nullable(),
    integer("strength", MILLI, "fleet_built: how strong").nullable(),
    text("text", "the same as a sentence"),
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
                // Nothing that is counted here comes near the limit.
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
    /// Whether a column may hold this.
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

    /// The documentation shows every table, column by column, as it is.
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
