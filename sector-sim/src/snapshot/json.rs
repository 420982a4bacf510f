//! Snapshots and deltas as JSON, written directly into a buffer.
//!
//! Snapshots and deltas are the largest messages of a sector. Writing them field by field is
//! several times as fast as a general serializer; `tests/json.rs` checks that the bytes are the
//! same.

use crate::digest::Digest;
use crate::event::{Cause, Event};
use crate::ids::{FactionId, FactionKind, FleetId, SystemId};
use crate::map::{Kind, Lane};
use crate::order::Focus;
use crate::snapshot::{
    Delta, FactionForm, FleetForm, HistoryEntry, ResultForm, Snapshot, SystemChange, SystemForm,
};

impl Snapshot {
    /// Appends the snapshot as JSON: the very bytes that serializing it gives.
    /// Appends the snapshot as JSON, with the same bytes as `serde_json`.
    /// ```
    /// # use sector_sim::{Rules, Snapshot, Universe, World};
    /// # let world = World::new(Rules::classic().into(), 7).unwrap();
    /// # let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
    /// let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
    /// let mut json = Vec::new();
    /// snapshot.write_json(&mut json);
    /// assert_eq!(json, serde_json::to_vec(&snapshot).unwrap());
    /// ```
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // Approximate size, so that the buffer rarely has to grow.
        out.reserve(
            self.systems.len() * 340 + self.lanes.len() * 32 + self.fleets.len() * 180 + 4_096,
        );
        let mut json = Json(out);
        json.raw(b"{\"universe_id\":").text(&self.universe_id);
        json.raw(b",\"tick\":").number(self.tick);
        json.raw(b",\"tick_delay_ms\":").number(self.tick_delay_ms);
        json.raw(b",\"generator_seed\":").number(self.generator_seed);
        json.raw(b",\"rules\":").text(&self.rules);
        json.raw(b",\"systems\":").list(&self.systems, Json::system);
        json.raw(b",\"lanes\":").list(&self.lanes, Json::lane);
        json.raw(b",\"fleets\":").list(&self.fleets, Json::fleet);
        json.raw(b",\"factions\":").list(&self.factions, Json::faction);
        json.raw(b",\"next_fleet_id\":").number(self.next_fleet_id.0);
        json.raw(b",\"result\":").result(self.result);
        json.raw(b",\"highlight_ids\":").list(&self.highlight_ids, |json, id| json.number(id.0));
        json.raw(b",\"events\":").list(&self.events, Json::event);
        json.raw(b",\"history_tail\":").list(&self.history_tail, Json::history);
        json.raw(b",\"digest\":").digest(self.digest).raw(b"}");
    }
}

impl Delta {
    /// Appends the delta as JSON, with the same bytes as `serde_json`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let mut json = Json(out);
        json.raw(b"{\"universe_id\":").text(&self.universe_id);
        json.raw(b",\"tick\":").number(self.tick);
        json.raw(b",\"systems\":").list(&self.systems, Json::change);
        json.raw(b",\"fleets\":").list(&self.fleets, Json::fleet);
        json.raw(b",\"fleets_removed\":").list(&self.fleets_removed, |json, id| json.number(id.0));
        json.raw(b",\"factions\":").list(&self.factions, Json::faction);
        json.raw(b",\"next_fleet_id\":").number(self.next_fleet_id.0);
        json.raw(b",\"result\":").result(self.result);
        json.raw(b",\"events\":").list(&self.events, Json::event);
        json.raw(b",\"texts\":").list(&self.texts, |json, text| json.text(text));
        json.raw(b",\"digest\":").digest(self.digest).raw(b"}");
    }
}

/// A JSON buffer with chainable methods.
struct Json<'a>(&'a mut Vec<u8>);

/// Two decimal digits for each number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Variable fields of a system, shared by [`SystemForm`] and [`SystemChange`].
macro_rules! system_state {
    ($json:ident, $system:ident) => {
        $json.raw(b",\"owner\":").owner($system.owner);
        $json.raw(b",\"garrison\":").signed($system.garrison);
        $json.raw(b",\"stability\":").signed($system.stability);
        $json.raw(b",\"unrest\":").signed($system.unrest);
        $json.raw(b",\"heat\":").signed($system.heat);
        $json.raw(b",\"reclaim_cooldown\":").signed($system.reclaim_cooldown);
        $json.raw(b",\"maturity\":").signed($system.maturity);
        $json
            .raw(focus($system.focus))
            .raw(b",\"occupation_faction\":")
            .owner($system.occupation_faction);
        $json.raw(b",\"occupation_progress\":").signed($system.occupation_progress);
        $json.raw(if $system.is_besieged {
            b",\"is_besieged\":true".as_slice()
        } else {
            b",\"is_besieged\":false"
        });
        $json.raw(b",\"siege_owner\":").owner($system.siege_owner);
        $json.raw(b",\"siege_strength\":").signed($system.siege_strength).raw(b"}");
    };
}

impl Json<'_> {
    fn raw(&mut self, text: &[u8]) -> &mut Self {
        self.0.extend_from_slice(text);
        self
    }

    fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let mut rest = number.into();
        let mut digits = [0; 20];
        let mut start = digits.len();
        while rest >= 100 {
            start -= 2;
            digits[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        if rest >= 10 {
            start -= 2;
            digits[start..start + 2].copy_from_slice(&PAIRS[rest as usize]);
        } else {
            start -= 1;
            digits[start] = b'0' + rest as u8;
        }
        self.raw(&digits[start..])
    }

    fn signed(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.0.push(b'-');
        }
        self.number(number.unsigned_abs())
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) =
            rest.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'))
        {
            self.raw(&rest[..at]);
            match rest[at] {
                b'"' => self.raw(b"\\\""),
                b'\\' => self.raw(b"\\\\"),
                b'\n' => self.raw(b"\\n"),
                b'\r' => self.raw(b"\\r"),
                b'\t' => self.raw(b"\\t"),
                0x08 => self.raw(b"\\b"),
                0x0c => self.raw(b"\\f"),
                byte => self.raw(b"\\u00").raw(&[hex(byte >> 4), hex(byte & 15)]),
            };
            rest = &rest[at + 1..];
        }
        self.raw(rest).raw(b"\"")
    }

    fn list<T>(
        &mut self,
        items: &[T],
        mut each: impl for<'j> FnMut(&'j mut Self, &T) -> &'j mut Self,
    ) -> &mut Self {
        self.0.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.0.push(b',');
            }
            each(self, item);
        }
        self.raw(b"]")
    }

    fn null_or<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => self.raw(b"null"),
        }
    }

    fn id(&mut self, id: FactionId) -> &mut Self {
        let (letter, number): (&[u8], usize) = match id.kind() {
            FactionKind::Starter => (b"\"F", id.index() + 1),
            FactionKind::League => (b"\"L", 1),
            FactionKind::Splinter => (b"\"S", id.index() - FactionId::LEAGUE.index()),
        };
        self.raw(letter).number(number as u64).raw(b"\"")
    }

    fn owner(&mut self, owner: Option<FactionId>) -> &mut Self {
        self.null_or(owner, Json::id)
    }

    fn place(&mut self, system: Option<SystemId>) -> &mut Self {
        self.null_or(system, |json, system| json.number(system.0))
    }

    fn digest(&mut self, digest: Digest) -> &mut Self {
        let mut digits = [b'"'; 18];
        for (place, digit) in digits[1..17].iter_mut().enumerate() {
            *digit = hex((digest.0 >> (60 - 4 * place)) as u8 & 15);
        }
        self.raw(&digits)
    }

    fn system(&mut self, system: &SystemForm) -> &mut Self {
        self.raw(b"{\"id\":").number(system.id.0).raw(b",\"name\":").text(&system.name);
        self.raw(b",\"x\":").number(system.x).raw(b",\"y\":").number(system.y);
        self.raw(b",\"value\":").number(system.value);
        self.raw(match system.kind {
            Kind::Normal => b",\"kind\":\"normal\"".as_slice(),
            Kind::Relic => b",\"kind\":\"relic\"",
            Kind::Forge => b",\"kind\":\"forge\"",
            Kind::Hive => b",\"kind\":\"hive\"",
        });
        system_state!(self, system);
        self
    }

    fn change(&mut self, system: &SystemChange) -> &mut Self {
        self.raw(b"{\"id\":").number(system.id.0);
        system_state!(self, system);
        self
    }

    fn lane(&mut self, lane: &Lane) -> &mut Self {
        self.raw(b"{\"a\":").number(lane.a.0).raw(b",\"b\":").number(lane.b.0);
        self.raw(b",\"ticks\":").number(lane.ticks).raw(b"}")
    }

    fn fleet(&mut self, fleet: &FleetForm) -> &mut Self {
        self.raw(b"{\"id\":").number(fleet.id.0).raw(b",\"owner\":").id(fleet.owner);
        self.raw(b",\"system_id\":").place(fleet.system_id);
        self.raw(b",\"strength\":").signed(fleet.strength);
        self.raw(b",\"max_strength\":").signed(fleet.max_strength);
        self.raw(b",\"enroute_from\":").place(fleet.enroute_from);
        self.raw(b",\"enroute_to\":").place(fleet.enroute_to);
        self.raw(b",\"departed\":").null_or(fleet.departed, Json::number);
        self.raw(b",\"eta\":").null_or(fleet.eta, Json::number);
        self.raw(b",\"route\":").list(&fleet.route, |json, system| json.number(system.0)).raw(b"}")
    }

    fn faction(&mut self, faction: &FactionForm) -> &mut Self {
        self.raw(b"{\"id\":").id(faction.id).raw(b",\"name\":").text(&faction.name);
        self.raw(b",\"color\":").text(&faction.color);
        self.raw(match faction.kind {
            FactionKind::Starter => b",\"kind\":\"starter\"".as_slice(),
            FactionKind::League => b",\"kind\":\"league\"",
            FactionKind::Splinter => b",\"kind\":\"splinter\"",
        });
        self.raw(if faction.alive { b",\"alive\":true".as_slice() } else { b",\"alive\":false" });
        self.raw(b",\"parent\":").owner(faction.parent);
        self.raw(b",\"home_id\":").place(faction.home_id);
        self.raw(b",\"muster_id\":").place(faction.muster_id);
        self.raw(b",\"build_stock\":").signed(faction.build_stock);
        self.raw(b",\"economy\":").signed(faction.economy);
        self.raw(b",\"systems\":").signed(faction.systems);
        self.raw(b",\"value\":").signed(faction.value);
        self.raw(b",\"fleets\":").signed(faction.fleets);
        self.raw(b",\"strength\":").signed(faction.strength);
        self.raw(b",\"domination_ticks\":").signed(faction.domination_ticks).raw(b"}")
    }

    fn result(&mut self, result: Option<ResultForm>) -> &mut Self {
        self.null_or(result, |json, result| {
            json.raw(b"{\"winner\":").owner(result.winner).raw(cause(result.cause));
            json.raw(b",\"tick\":").number(result.tick).raw(b"}")
        })
    }

    fn history(&mut self, entry: &HistoryEntry) -> &mut Self {
        self.raw(b"{\"tick\":").number(entry.tick).raw(b",\"event\":").event(&entry.event);
        self.raw(b",\"text\":").text(&entry.text).raw(b"}")
    }

    /// Writes a `fleet` field.
    fn fleet_id(&mut self, fleet: FleetId) -> &mut Self {
        self.raw(b",\"fleet\":").number(fleet.0)
    }

    fn faction_id(&mut self, faction: FactionId) -> &mut Self {
        self.raw(b",\"faction\":").id(faction)
    }

    fn system_id(&mut self, system: SystemId) -> &mut Self {
        self.raw(b",\"system\":").number(system.0)
    }

    fn event(&mut self, event: &Event) -> &mut Self {
        match event {
            Event::Launched { fleet, faction, from, to, arrives } => {
                self.raw(b"{\"type\":\"launched\"").fleet_id(*fleet).faction_id(*faction);
                self.raw(b",\"from\":").number(from.0).raw(b",\"to\":").number(to.0);
                self.raw(b",\"arrives\":").number(*arrives)
            }
            Event::Arrived { fleet, faction, system } => self
                .raw(b"{\"type\":\"arrived\"")
                .fleet_id(*fleet)
                .faction_id(*faction)
                .system_id(*system),
            Event::Battle {
                system,
                attacker,
                defender,
                attack,
                defence,
                odds,
                winner,
                attacker_loss,
                defender_loss,
                garrison_loss,
            } => {
                self.raw(b"{\"type\":\"battle\"").system_id(*system);
                self.raw(b",\"attacker\":").id(*attacker).raw(b",\"defender\":").id(*defender);
                self.raw(b",\"attack\":").signed(*attack).raw(b",\"defence\":").signed(*defence);
                self.raw(b",\"odds\":").signed(*odds).raw(b",\"winner\":").id(*winner);
                self.raw(b",\"attacker_loss\":").signed(*attacker_loss);
                self.raw(b",\"defender_loss\":").signed(*defender_loss);
                self.raw(b",\"garrison_loss\":").signed(*garrison_loss)
            }
            Event::OccupationStarted { system, faction } => self
                .raw(b"{\"type\":\"occupation_started\"")
                .system_id(*system)
                .faction_id(*faction),
            Event::OccupationLost { system, faction } => {
                self.raw(b"{\"type\":\"occupation_lost\"").system_id(*system).faction_id(*faction)
            }
            Event::Captured { system, faction, from } => {
                self.raw(b"{\"type\":\"captured\"").system_id(*system).faction_id(*faction);
                self.raw(b",\"from\":").owner(*from)
            }
            Event::Rebelled { system, from, to } => {
                self.raw(b"{\"type\":\"rebelled\"").system_id(*system);
                self.raw(b",\"from\":").id(*from).raw(b",\"to\":").id(*to)
            }
            Event::Seceded { system, from, to } => {
                self.raw(b"{\"type\":\"seceded\"").system_id(*system);
                self.raw(b",\"from\":").id(*from).raw(b",\"to\":").id(*to)
            }
            Event::FleetBuilt { fleet, faction, system, strength } => {
                self.raw(b"{\"type\":\"fleet_built\"")
                    .fleet_id(*fleet)
                    .faction_id(*faction)
                    .system_id(*system);
                self.raw(b",\"strength\":").signed(*strength)
            }
            Event::OrderApplied { order, faction, kind, fleet, client_id } => {
                self.raw(b"{\"type\":\"order_applied\",\"order\":")
                    .number(*order)
                    .faction_id(*faction);
                self.raw(b",\"kind\":").text(kind.name());
                self.raw(b",\"fleet\":").null_or(*fleet, |json, fleet| json.number(fleet.0));
                self.raw(b",\"client_id\":").null_or(client_id.as_deref(), Json::text)
            }
            Event::OrderRefused { order, faction, kind, code, client_id } => {
                self.raw(b"{\"type\":\"order_refused\",\"order\":")
                    .number(*order)
                    .faction_id(*faction);
                self.raw(b",\"kind\":").text(kind.name()).raw(b",\"code\":").text(code.code());
                self.raw(b",\"client_id\":").null_or(client_id.as_deref(), Json::text)
            }
            Event::Eliminated { faction } => {
                self.raw(b"{\"type\":\"eliminated\"").faction_id(*faction)
            }
            Event::RunEnded { winner, cause } => self
                .raw(b"{\"type\":\"run_ended\",\"winner\":")
                .owner(*winner)
                .raw(self::cause(*cause)),
        };
        self.raw(b"}")
    }
}

fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

fn focus(focus: Focus) -> &'static [u8] {
    match focus {
        Focus::Balanced => b",\"focus\":\"balanced\"",
        Focus::Industry => b",\"focus\":\"industry\"",
        Focus::Garrison => b",\"focus\":\"garrison\"",
        Focus::Order => b",\"focus\":\"order\"",
    }
}

fn cause(cause: Cause) -> &'static [u8] {
    match cause {
        Cause::Domination => b",\"cause\":\"domination\"",
        Cause::LastStanding => b",\"cause\":\"last_standing\"",
        Cause::TickLimit => b",\"cause\":\"tick_limit\"",
    }
}
