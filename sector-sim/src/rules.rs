//! The numbers of a tick, as data.
//!
//! A rule set is a TOML file; [`Rules::classic`] is the one that ships. Every value is an integer with an allowed
//! range, and a file with a missing, unknown or impossible value is refused by naming the key, the value and the
//! range. Units: `milli` values are thousandths, `per_mille` values are 0 to 1000 unless said otherwise.

use serde::{Deserialize, Serialize};

/// The version of what the rules mean. It is raised with every change after which the same rules, seed and orders give
/// another history, and replays name it.
///
/// - 1: the first.
/// - 2: ties are decided by facts of the board, no longer by the ids of factions.
pub const RULES_VERSION: u32 = 2;

/// Why a rule set was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text is no TOML, or a key is missing, unknown or of the wrong type.
    #[error("the rules cannot be read: {0}")]
    Malformed(String),
    /// A value is outside of its range.
    #[error("rules: {key} = {value} is not allowed; allowed are {least} to {most}")]
    OutOfRange {
        /// The key, with its section.
        key: &'static str,
        /// The value that was given.
        value: i64,
        /// The least value allowed.
        least: i64,
        /// The greatest value allowed.
        most: i64,
    },
    /// No number of the rules has this name.
    #[error(
        "rules: {0:?} is not the name of a number; they are named like \"battle.overwhelming\""
    )]
    UnknownKey(String),
    /// Two values contradict each other, or a list is of the wrong length.
    #[error("rules: {0}")]
    Contradiction(String),
}

/// The values that a number of the rules may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The name of the number: its section, a dot, its key.
    pub key: &'static str,
    /// The least value allowed.
    pub least: i64,
    /// The greatest value allowed.
    pub most: i64,
}

/// Numbers that belong together, found by name.
trait Section {
    fn ranges() -> &'static [Range]
    where
        Self: Sized;
    fn number(&self, key: &str) -> Option<i64>;
    fn number_mut(&mut self, key: &str) -> Option<&mut i64>;
}

macro_rules! section {
    ($(#[$meta:meta])* $name:ident $prefix:literal { $($(#[$field_meta:meta])* $field:ident: $least:literal to $most:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: i64,)*
        }

        impl $name {
            pub(crate) fn check(&self) -> Result<(), RulesError> {
                $(in_range(concat!($prefix, ".", stringify!($field)), self.$field, $least, $most)?;)*
                Ok(())
            }
        }

        impl Section for $name {
            fn ranges() -> &'static [Range] {
                &[$(Range { key: concat!($prefix, ".", stringify!($field)), least: $least, most: $most },)*]
            }

            fn number(&self, key: &str) -> Option<i64> {
                $(if key == concat!($prefix, ".", stringify!($field)) {
                    return Some(self.$field);
                })*
                None
            }

            fn number_mut(&mut self, key: &str) -> Option<&mut i64> {
                $(if key == concat!($prefix, ".", stringify!($field)) {
                    return Some(&mut self.$field);
                })*
                None
            }
        }
    };
}

fn in_range(key: &'static str, value: i64, least: i64, most: i64) -> Result<(), RulesError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(RulesError::OutOfRange { key, value, least, most })
    }
}

section! {
    /// Map generation.
    MapRules "map" {
        /// Systems of a sector when nothing else is asked for.
        systems: 2 to 200_000,
        /// Starters of a sector when nothing else is asked for.
        factions: 2 to 64,
        /// Relic worlds per 30 systems.
        relics_per_30: 0 to 10,
        /// Forge worlds per 30 systems.
        forges_per_30: 0 to 10,
        /// Hive worlds per 30 systems.
        hives_per_30: 0 to 10,
        /// The least value of a system.
        least_value: 1 to 10,
        /// The greatest value of a system.
        most_value: 1 to 10,
        /// The least distance of two systems, in per mille of the side of a square that has one system
        /// (the side of the map divided by the root of the number of systems).
        spacing_per_mille: 0 to 900,
        /// The length of the longest lane, in per mille of the side of the map.
        lane_length_per_mille: 10 to 1500,
        /// By how much that length grows while the map does not connect, in per mille.
        lane_growth_per_mille: 1010 to 4000,
        /// The most lanes a system has.
        lanes_per_system: 2 to 12,
        /// Lanes are added until the systems have this many on average, in thousandths.
        mean_degree_milli: 2000 to 6000,
        /// Ticks that a lane of the median length takes.
        median_travel_ticks: 1 to 100,
        /// By how much the value within two hops of a home may differ between starters, in per mille.
        home_fairness_per_mille: 0 to 1000,
        /// Number of attempts to find a fair map and homes.
        home_attempts: 1 to 1000,
    }
}

section! {
    /// Initial state of systems and fleets.
    StartRules "start" {
        /// Strength of the fleet at each home, milli.
        fleet: 1_000 to 1_000_000_000,
        /// Garrison of each home, milli.
        home_garrison: 0 to 1_000_000_000,
        /// Garrison of an unowned system per point of its value, milli.
        neutral_garrison_per_value: 0 to 1_000_000,
        /// Stability of every system, per mille.
        stability: 0 to 1000,
        /// Maturity of each home.
        home_maturity: 0 to 1000,
    }
}

section! {
    /// Recovery of systems.
    RecoveryRules "recovery" {
        /// The greatest garrison, milli.
        garrison_most: 0 to 1_000_000_000,
        /// Garrison regained per tick while the system is owned, in thousandths.
        garrison_regrowth: 0 to 1_000_000_000,
        /// Stability regained per tick, per mille.
        stability_regrowth: 0 to 1000,
        /// Share of unrest left after a tick, per mille.
        unrest_kept: 0 to 999,
        /// Share of heat left after a tick, per mille.
        heat_kept: 0 to 999,
        /// Heat below this is 0.
        heat_floor: 0 to 1000,
        /// The greatest heat.
        heat_most: 0 to 1_000_000,
        /// The greatest maturity: ticks until an owned system yields in full.
        maturity_most: 1 to 1000,
    }
}

section! {
    /// Battles.
    BattleRules "battle" {
        /// A side this many times as strong as the other wins outright.
        overwhelming: 1 to 1000,
        /// The attacker's odds between equals, per mille.
        even_odds: 0 to 1000,
        /// Effect of the difference in strength on the odds, per mille.
        strength_weight: 0 to 1000,
        /// Penalty on the attacker's odds against the owner of the system, per mille.
        owner_advantage: 0 to 1000,
        /// Penalty on the attacker's odds during the reclaim cooldown, per mille.
        reclaim_penalty: 0 to 1000,
        /// The least odds, per mille.
        least_odds: 0 to 1000,
        /// The greatest odds, per mille.
        most_odds: 0 to 1000,
        /// Losses of the winner, per mille of the loser's strength.
        winner_loss: 0 to 1000,
        /// Minimum strength a winning attacker keeps (if it had that much), in thousandths.
        attacker_floor: 0 to 1_000_000_000,
        /// Minimum strength a winning defender keeps (if it had that much), in thousandths.
        defender_floor: 0 to 1_000_000_000,
        /// Share of its size that a garrison absorbs of the defender's losses, per mille.
        garrison_soak: 0 to 1000,
        /// Weight of the League's strength, per mille.
        league_strength: 1000 to 10_000,
        /// Stability lost in a battle, per mille.
        stability_loss: 0 to 1000,
        /// Heat added by a battle.
        heat: 0 to 1_000_000,
    }
}

section! {
    /// Captures.
    CaptureRules "capture" {
        /// Strength that must be present to occupy a system, milli.
        strength: 1 to 1_000_000_000,
        /// Running ticks of occupation that take a system.
        ticks: 1 to 1000,
        /// Unrest added by a capture, per mille.
        unrest: 0 to 1000,
        /// Stability lost in a capture, per mille.
        stability_loss: 0 to 1000,
        /// The part of the unrest that is lost in stability too: 1 in this many.
        unrest_divisor: 1 to 1000,
        /// Heat added by a capture.
        heat: 0 to 1_000_000,
        /// Share of the garrison left, per mille.
        garrison_kept: 0 to 1000,
    }
}

section! {
    /// When systems rise against their owner.
    RebellionRules "rebellion" {
        /// A battered system may rebel when its stability less a part of its unrest is not above this, per mille.
        threshold: 0 to 1000,
        /// The part of the unrest that counts against stability: 1 in this many.
        unrest_divisor: 1 to 1000,
        /// The chance in a tick without unrest, per mille.
        chance: 0 to 1000,
        /// Increase of the chance per system above the sprawl limit, per mille of it.
        sprawl_gain: 0 to 1000,
        /// Owned systems above which the chance grows.
        sprawl_limit: 0 to 200_000,
        /// The greatest chance, per mille.
        most_chance: 0 to 1000,
        /// Chance that a rebellion founds or joins a splinter instead of the League, per mille.
        secession: 0 to 1000,
        /// The most splinters of a sector.
        splinters: 1 to 32,
        /// The stability that a system has at least after it rose, per mille.
        stability: 0 to 1000,
        /// The fleet of a system that joins the League, milli.
        league_fleet: 1_000 to 1_000_000_000,
        /// Ticks of reclaim cooldown after joining the League.
        league_cooldown: 0 to 1000,
        /// The fleet of a system that secedes, milli.
        splinter_fleet: 1_000 to 1_000_000_000,
        /// Ticks of reclaim cooldown after seceding.
        splinter_cooldown: 0 to 1000,
    }
}

section! {
    /// Output of systems, and what it builds.
    ProductionRules "production" {
        /// Economy of a faction without systems, milli.
        base: 0 to 1_000_000_000,
        /// Economy per point of value, milli.
        per_value: 0 to 1_000_000,
        /// Extra output of a relic world, per mille of a normal one.
        relic: 0 to 10_000,
        /// Extra output of a forge world, per mille of a normal one.
        forge: 0 to 10_000,
        /// Extra output of a hive world, per mille of a normal one.
        hive: 0 to 10_000,
        /// The yield at stability 0, per mille of that at full stability.
        unstable_yield: 0 to 1000,
        /// The yield at maturity 0, per mille of that of a mature system.
        immature_yield: 0 to 1000,
        /// Owned systems above which the whole economy shrinks.
        sprawl_limit: 0 to 200_000,
        /// Increase of the economy's divisor per system above, per mille.
        sprawl_cost: 0 to 10_000,
        /// Build stock a tick, per mille of the economy.
        stock_rate: 0 to 1000,
        /// Stock that a fleet costs, and its strength, milli.
        fleet: 1_000 to 1_000_000_000,
    }
}

section! {
    /// Effects of a focus.
    FocusRules "focus" {
        /// Economy under `industry`, per mille.
        industry_economy: 0 to 10_000,
        /// Garrison regrowth under `industry`, per mille.
        industry_regrowth: 0 to 10_000,
        /// Greatest garrison under `garrison`, per mille.
        garrison_most: 1000 to 10_000,
        /// Garrison regrowth under `garrison`, per mille.
        garrison_regrowth: 0 to 10_000,
        /// Economy under `garrison`, per mille.
        garrison_economy: 0 to 10_000,
        /// Stability regrowth a tick under `order`, per mille points.
        order_stability: 0 to 1000,
        /// Economy under `order`, per mille.
        order_economy: 0 to 10_000,
    }
}

section! {
    /// Upkeep of fleets and systems.
    UpkeepRules "upkeep" {
        /// Strength an idle fleet loses per tick, per mille.
        decay: 0 to 1000,
        /// Strength an idle fleet then regains per tick, up to its maximum, per mille.
        repair: 0 to 1000,
        /// Owned systems above which every system of a faction grows restless.
        sprawl_limit: 0 to 200_000,
        /// Stability that each system above costs every system per tick, per mille.
        sprawl_stability: 0 to 1000,
    }
}

section! {
    /// Limits on orders.
    OrderRules "orders" {
        /// The least strength that may leave, and stay, when a fleet is divided, milli.
        least_detachment: 1 to 1_000_000_000,
    }
}

section! {
    /// End of a run.
    VictoryRules "victory" {
        /// The part of the sector's value that dominates it, per mille.
        domination_value: 1 to 1000,
        /// Running ticks of domination that win.
        domination_ticks: 1 to 1_000_000,
        /// The tick at which the highest score wins.
        tick_limit: 1 to 10_000_000,
    }
}

section! {
    /// The four traits of a computer player, each 0 to 1000.
    Personality "personality" {
        /// Readiness to attack.
        aggression: 0 to 1000,
        /// Preference for unowned systems.
        expansionism: 0 to 1000,
        /// Preference for valuable systems.
        greed: 0 to 1000,
        /// Strength held in reserve.
        caution: 0 to 1000,
    }
}

/// A whole rule set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The name of the rule set, 1 to 32 characters.
    pub name: String,
    /// Map generation.
    pub map: MapRules,
    /// Initial state of systems and fleets.
    pub start: StartRules,
    /// Recovery of systems.
    pub recovery: RecoveryRules,
    /// Battles.
    pub battle: BattleRules,
    /// Captures.
    pub capture: CaptureRules,
    /// When systems rise against their owner.
    pub rebellion: RebellionRules,
    /// Output of systems, and what it builds.
    pub production: ProductionRules,
    /// Effects of a focus.
    pub focus: FocusRules,
    /// Upkeep of fleets and systems.
    pub upkeep: UpkeepRules,
    /// Limits on orders.
    pub orders: OrderRules,
    /// End of a run.
    pub victory: VictoryRules,
    /// The computer players, in the order of the starters, repeated when there are more starters; 1 to 64.
    pub personality: Vec<Personality>,
}

const CLASSIC: &str = include_str!("../rules/classic.toml");

impl Rules {
    /// The standard rule set.
    ///
    /// ```
    /// let rules = sector_sim::Rules::classic();
    /// assert_eq!((rules.name.as_str(), rules.map.systems), ("classic", 30));
    /// ```
    #[must_use]
    pub fn classic() -> Rules {
        #[expect(
            clippy::expect_used,
            reason = "the file is part of the program and a test reads it"
        )]
        Rules::from_toml(CLASSIC).expect("classic.toml is a valid rule set")
    }

    /// Reads a rule set.
    ///
    /// # Errors
    /// [`RulesError`] names what is missing, unknown, of the wrong type or out of range.
    pub fn from_toml(text: &str) -> Result<Rules, RulesError> {
        let rules: Rules =
            toml::from_str(text).map_err(|error| RulesError::Malformed(error.to_string()))?;
        rules.check()?;
        Ok(rules)
    }

    /// All numbers of a rule set with what they may be, except for the personalities: to sweep over parameters, or to
    /// draw rule sets at random. A set of allowed values may still contradict itself, which [`Rules::check`] tells.
    ///
    /// ```
    /// use sector_sim::Rules;
    /// let mut rules = Rules::classic();
    /// let range = Rules::ranges().find(|range| range.key == "battle.overwhelming").unwrap();
    /// assert_eq!((range.least, range.most), (1, 1000));
    /// rules.set(range.key, 4).unwrap();
    /// assert_eq!(rules.get("battle.overwhelming"), Some(4));
    /// let error = rules.set("battle.overwhelming", 0).unwrap_err().to_string();
    /// assert_eq!(error, "rules: battle.overwhelming = 0 is not allowed; allowed are 1 to 1000");
    /// ```
    pub fn ranges() -> impl Iterator<Item = Range> {
        let sections = [
            MapRules::ranges(),
            StartRules::ranges(),
            RecoveryRules::ranges(),
            BattleRules::ranges(),
            CaptureRules::ranges(),
            RebellionRules::ranges(),
            ProductionRules::ranges(),
            FocusRules::ranges(),
            UpkeepRules::ranges(),
            OrderRules::ranges(),
            VictoryRules::ranges(),
        ];
        sections.into_iter().flatten().copied()
    }

    /// The number with this name, such as `battle.overwhelming`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<i64> {
        let sections: [&dyn Section; 11] = [
            &self.map,
            &self.start,
            &self.recovery,
            &self.battle,
            &self.capture,
            &self.rebellion,
            &self.production,
            &self.focus,
            &self.upkeep,
            &self.orders,
            &self.victory,
        ];
        sections.into_iter().find_map(|section| section.number(key))
    }

    /// Changes the number with this name. Whether it fits the others, [`Rules::check`] tells.
    ///
    /// # Errors
    /// [`RulesError`] when there is no such number, or the value is out of its range; nothing is changed then.
    pub fn set(&mut self, key: &str, value: i64) -> Result<(), RulesError> {
        let range = Rules::ranges().find(|range| range.key == key);
        let unknown = || RulesError::UnknownKey(key.chars().take(64).collect());
        let Range { key, least, most } = range.ok_or_else(unknown)?;
        in_range(key, value, least, most)?;
        let sections: [&mut dyn Section; 11] = [
            &mut self.map,
            &mut self.start,
            &mut self.recovery,
            &mut self.battle,
            &mut self.capture,
            &mut self.rebellion,
            &mut self.production,
            &mut self.focus,
            &mut self.upkeep,
            &mut self.orders,
            &mut self.victory,
        ];
        let number = sections.into_iter().find_map(|section| section.number_mut(key));
        *number.ok_or_else(unknown)? = value;
        Ok(())
    }

    /// Checks every value against its range.
    ///
    /// # Errors
    /// [`RulesError`] names the first value that is out of range or contradicts another.
    pub fn check(&self) -> Result<(), RulesError> {
        if self.name.is_empty() || self.name.chars().count() > 32 {
            return Err(RulesError::Contradiction(format!(
                "name = {:?} must have 1 to 32 characters",
                self.name
            )));
        }
        self.map.check()?;
        self.start.check()?;
        self.recovery.check()?;
        self.battle.check()?;
        self.capture.check()?;
        self.rebellion.check()?;
        self.production.check()?;
        self.focus.check()?;
        self.upkeep.check()?;
        self.orders.check()?;
        self.victory.check()?;
        self.personality.iter().try_for_each(Personality::check)?;
        if !(1..=64).contains(&self.personality.len()) {
            return Err(RulesError::Contradiction(format!(
                "{} personalities given; allowed are 1 to 64",
                self.personality.len()
            )));
        }
        for (low_key, low, high_key, high) in [
            ("map.least_value", self.map.least_value, "map.most_value", self.map.most_value),
            (
                "battle.least_odds",
                self.battle.least_odds,
                "battle.most_odds",
                self.battle.most_odds,
            ),
            ("map.factions", self.map.factions, "map.systems", self.map.systems),
            (
                "start.home_maturity",
                self.start.home_maturity,
                "recovery.maturity_most",
                self.recovery.maturity_most,
            ),
            (
                "start.home_garrison",
                self.start.home_garrison,
                "recovery.garrison_most",
                self.recovery.garrison_most,
            ),
        ] {
            if low > high {
                return Err(RulesError::Contradiction(format!(
                    "{low_key} = {low} is above {high_key} = {high}"
                )));
            }
        }
        Ok(())
    }

    /// The traits of the computer player in this seat.
    #[must_use]
    pub fn personality(&self, seat: usize) -> Personality {
        let even = Personality { aggression: 500, expansionism: 500, greed: 500, caution: 500 };
        self.personality.get(seat % self.personality.len().max(1)).cloned().unwrap_or(even)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_is_valid_and_survives_a_round_trip() {
        let rules = Rules::classic();
        assert_eq!(rules.check(), Ok(()));
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
    }

    /// What the names reach is every number that a file holds, and the ranges are the ones that a check goes by.
    #[test]
    fn every_number_has_a_name_and_the_range_that_is_checked() {
        let written = serde_json::to_value(Rules::classic()).unwrap();
        let numbers: usize = written
            .as_object()
            .unwrap()
            .values()
            .filter_map(|section| Some(section.as_object()?.len()))
            .sum();
        assert_eq!(Rules::ranges().count(), numbers);
        for Range { key, least, most } in Rules::ranges() {
            let (section, field) = key.split_once('.').unwrap();
            assert_eq!(Rules::classic().get(key), written[section][field].as_i64(), "{key}");
            for value in [least, most] {
                let mut rules = Rules::classic();
                rules.set(key, value).unwrap();
                assert_eq!(rules.get(key), Some(value));
                assert!(
                    !matches!(rules.check(), Err(RulesError::OutOfRange { .. })),
                    "{key} = {value}"
                );
            }
            for value in [least - 1, most + 1] {
                let mut rules = Rules::classic();
                let refused = RulesError::OutOfRange { key, value, least, most };
                assert_eq!(rules.set(key, value), Err(refused.clone()));
                assert_eq!(rules, Rules::classic());
                let mut json = written.clone();
                json[section][field] = value.into();
                assert_eq!(serde_json::from_value::<Rules>(json).unwrap().check(), Err(refused));
            }
        }
        assert_eq!(
            Rules::classic().set("battle.luck", 1),
            Err(RulesError::UnknownKey("battle.luck".to_owned()))
        );
        assert_eq!(Rules::classic().get("name"), None);
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        let refused = |from: &str, to: &str| {
            assert!(CLASSIC.contains(from), "{from}");
            Rules::from_toml(&CLASSIC.replacen(from, to, 1)).unwrap_err().to_string()
        };
        insta::assert_json_snapshot!([
            refused("overwhelming = 8", "overwhelming = 0"),
            refused("overwhelming = 8", "overwhelming = 8\nunderwhelming = 1"),
            refused("overwhelming = 8", ""),
            refused("overwhelming = 8", "overwhelming = \"8\""),
            refused("systems = 30", "systems = 4"),
            refused("name = \"classic\"", "name = \"\""),
        ]);
    }
}
