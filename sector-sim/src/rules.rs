//! Rule sets: all numbers of the simulation, as data.
//!
//! A rule set is a TOML file; [`Rules::classic`] is the built-in one. Every value is an integer
//! with an allowed range. Files with missing, unknown or invalid values are rejected with the key,
//! the value and the range. Units: `milli` values are thousandths, `per_mille` values are 0 to 1000
//! unless stated otherwise.

use serde::{Deserialize, Serialize};

/// Version of the rule semantics, recorded in replays. Bump it with every change that gives a
/// different history for the same rules, seed and orders.
///
/// - 1: initial version.
/// - 2: ties are broken by board state instead of faction id.
pub const RULES_VERSION: u32 = 2;

/// Reason for rejecting a rule set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text is not valid TOML, or a key is missing, unknown or of the wrong type.
    #[error("invalid rules: {0}")]
    Malformed(String),
    /// A value is out of range.
    #[error("rules: {key} = {value} is not allowed; allowed are {least} to {most}")]
    OutOfRange {
        /// Key, with its section.
        key: &'static str,
        /// Given value.
        value: i64,
        /// Minimum.
        least: i64,
        /// Maximum.
        most: i64,
    },
    /// Unknown rule name.
    #[error("rules: unknown key {0:?}; keys look like \"battle.overwhelming\"")]
    UnknownKey(String),
    /// Two values contradict each other, or a list is of the wrong length.
    #[error("rules: {0}")]
    Contradiction(String),
}

/// Allowed range of a rule value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Section, a dot, and the key, such as `battle.overwhelming`.
    pub key: &'static str,
    /// Minimum.
    pub least: i64,
    /// Maximum.
    pub most: i64,
}

/// A section of the rules, with access to its values by name.
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
        /// Default number of systems in a sector.
        systems: 2 to 200_000,
        /// Default number of starters in a sector.
        factions: 2 to 64,
        /// Relic worlds per 30 systems.
        relics_per_30: 0 to 10,
        /// Forge worlds per 30 systems.
        forges_per_30: 0 to 10,
        /// Hive worlds per 30 systems.
        hives_per_30: 0 to 10,
        /// Minimum value of a system.
        least_value: 1 to 10,
        /// Maximum value of a system.
        most_value: 1 to 10,
        /// Minimum distance between two systems, per mille of the mean spacing (map side divided by
        /// the square root of the number of systems).
        spacing_per_mille: 0 to 900,
        /// Maximum length of a lane, per mille of the map side.
        lane_length_per_mille: 10 to 1500,
        /// Growth factor of the maximum lane length, applied until the map is connected, per mille.
        lane_growth_per_mille: 1010 to 4000,
        /// Maximum number of lanes per system.
        lanes_per_system: 2 to 12,
        /// Average number of lanes per system to reach, in thousandths.
        mean_degree_milli: 2000 to 6000,
        /// Travel time of a lane of median length, in ticks.
        median_travel_ticks: 1 to 100,
        /// Maximum difference between starters in the value within two hops of their homes, per
        /// mille.
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
        /// Maximum garrison, milli.
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
        /// Maximum heat.
        heat_most: 0 to 1_000_000,
        /// Maximum maturity: ticks until an owned system has its full yield.
        maturity_most: 1 to 1000,
    }
}

section! {
    /// Battles.
    BattleRules "battle" {
        /// Strength ratio at which the stronger side wins outright.
        overwhelming: 1 to 1000,
        /// Attacker's odds at equal strength, per mille.
        even_odds: 0 to 1000,
        /// Effect of the difference in strength on the odds, per mille.
        strength_weight: 0 to 1000,
        /// Penalty on the attacker's odds against the owner of the system, per mille.
        owner_advantage: 0 to 1000,
        /// Penalty on the attacker's odds during the reclaim cooldown, per mille.
        reclaim_penalty: 0 to 1000,
        /// Minimum odds, per mille.
        least_odds: 0 to 1000,
        /// Maximum odds, per mille.
        most_odds: 0 to 1000,
        /// Losses of the winner, per mille of the loser's strength.
        winner_loss: 0 to 1000,
        /// Minimum strength a winning attacker keeps (if it had that much), in thousandths.
        attacker_floor: 0 to 1_000_000_000,
        /// Minimum strength a winning defender keeps (if it had that much), in thousandths.
        defender_floor: 0 to 1_000_000_000,
        /// Share of the defender's losses absorbed by the garrison, per mille of the garrison's
        /// size.
        garrison_soak: 0 to 1000,
        /// Multiplier of the League's strength, per mille.
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
        /// Minimum strength present to occupy a system, milli.
        strength: 1 to 1_000_000_000,
        /// Consecutive ticks of occupation needed to capture a system.
        ticks: 1 to 1000,
        /// Unrest added by a capture, per mille.
        unrest: 0 to 1000,
        /// Stability lost in a capture, per mille.
        stability_loss: 0 to 1000,
        /// Divisor of the unrest that is also subtracted from stability.
        unrest_divisor: 1 to 1000,
        /// Heat added by a capture.
        heat: 0 to 1_000_000,
        /// Share of the garrison left, per mille.
        garrison_kept: 0 to 1000,
    }
}

section! {
    /// Rebellions of systems against their owner.
    RebellionRules "rebellion" {
        /// Maximum stability, after subtracting part of the unrest, at which a system with recent
        /// fighting may rebel, per mille.
        threshold: 0 to 1000,
        /// Divisor of the unrest that is subtracted from stability.
        unrest_divisor: 1 to 1000,
        /// Base chance of a rebellion per tick, per mille.
        chance: 0 to 1000,
        /// Relative increase of the chance per system above the sprawl limit, per mille.
        sprawl_gain: 0 to 1000,
        /// Number of owned systems above which the chance grows.
        sprawl_limit: 0 to 200_000,
        /// Maximum chance, per mille.
        most_chance: 0 to 1000,
        /// Chance that a rebellion founds or joins a splinter instead of the League, per mille.
        secession: 0 to 1000,
        /// Maximum number of splinters in a sector.
        splinters: 1 to 32,
        /// Minimum stability of a system after a rebellion, per mille.
        stability: 0 to 1000,
        /// Strength of the fleet that appears at a system joining the League, milli.
        league_fleet: 1_000 to 1_000_000_000,
        /// Ticks of reclaim cooldown after joining the League.
        league_cooldown: 0 to 1000,
        /// Strength of the fleet that appears at a seceding system, milli.
        splinter_fleet: 1_000 to 1_000_000_000,
        /// Ticks of reclaim cooldown after seceding.
        splinter_cooldown: 0 to 1000,
    }
}

section! {
    /// Output of systems and fleet production.
    ProductionRules "production" {
        /// Economy of a faction before the output of its systems, milli.
        base: 0 to 1_000_000_000,
        /// Economy per point of system value, milli.
        per_value: 0 to 1_000_000,
        /// Extra output of a relic world, per mille of a normal one.
        relic: 0 to 10_000,
        /// Extra output of a forge world, per mille of a normal one.
        forge: 0 to 10_000,
        /// Extra output of a hive world, per mille of a normal one.
        hive: 0 to 10_000,
        /// Yield at stability 0, per mille of the yield at full stability.
        unstable_yield: 0 to 1000,
        /// Yield at maturity 0, per mille of the yield of a mature system.
        immature_yield: 0 to 1000,
        /// Number of owned systems above which the whole economy shrinks.
        sprawl_limit: 0 to 200_000,
        /// Increase of the economy's divisor per system above the sprawl limit, per mille.
        sprawl_cost: 0 to 10_000,
        /// Build stock gained per tick, per mille of the economy.
        stock_rate: 0 to 1000,
        /// Build stock that a fleet costs, which is also its strength, milli.
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
        /// Maximum garrison under `garrison`, per mille.
        garrison_most: 1000 to 10_000,
        /// Garrison regrowth under `garrison`, per mille.
        garrison_regrowth: 0 to 10_000,
        /// Economy under `garrison`, per mille.
        garrison_economy: 0 to 10_000,
        /// Extra stability regrowth per tick under `order`, per mille points.
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
        /// Number of owned systems above which all systems of a faction lose stability.
        sprawl_limit: 0 to 200_000,
        /// Stability lost per tick in every system, for each system above the sprawl limit, per
        /// mille.
        sprawl_stability: 0 to 1000,
    }
}

section! {
    /// Limits on orders.
    OrderRules "orders" {
        /// Minimum strength of both parts when a fleet is split, milli.
        least_detachment: 1 to 1_000_000_000,
    }
}

section! {
    /// End of a run.
    VictoryRules "victory" {
        /// Share of the sector's value needed for domination, per mille.
        domination_value: 1 to 1000,
        /// Consecutive ticks of domination needed to win.
        domination_ticks: 1 to 1_000_000,
        /// Tick at which the run ends and the highest score wins.
        tick_limit: 1 to 10_000_000,
    }
}

section! {
    /// Traits of a computer player, each 0 to 1000.
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

/// A complete rule set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Name of the rule set, 1 to 32 characters.
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
    /// Rebellions of systems against their owner.
    pub rebellion: RebellionRules,
    /// Output of systems and fleet production.
    pub production: ProductionRules,
    /// Effects of a focus.
    pub focus: FocusRules,
    /// Upkeep of fleets and systems.
    pub upkeep: UpkeepRules,
    /// Limits on orders.
    pub orders: OrderRules,
    /// End of a run.
    pub victory: VictoryRules,
    /// Computer players in seat order, 1 to 64; repeated if there are more starters.
    pub personality: Vec<Personality>,
}

const CLASSIC: &str = include_str!("../rules/classic.toml");

impl Rules {
    /// The built-in rule set.
    ///
    /// ```
    /// let rules = sector_sim::Rules::classic();
    /// assert_eq!((rules.name.as_str(), rules.map.systems), ("classic", 30));
    /// ```
    #[must_use]
    pub fn classic() -> Rules {
        #[expect(clippy::expect_used, reason = "the file is compiled in and covered by a test")]
        Rules::from_toml(CLASSIC).expect("classic.toml is a valid rule set")
    }

    /// Parses a rule set.
    ///
    /// # Errors
    /// [`RulesError`] names the missing, unknown, mistyped or out-of-range key.
    pub fn from_toml(text: &str) -> Result<Rules, RulesError> {
        let rules: Rules =
            toml::from_str(text).map_err(|error| RulesError::Malformed(error.to_string()))?;
        rules.check()?;
        Ok(rules)
    }

    /// All values of a rule set, except personalities, with their allowed ranges: for parameter
    /// sweeps or random rule sets. In-range values may still contradict each other; see
    /// [`Rules::check`].
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

    /// Value by name, such as `battle.overwhelming`.
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

    /// Sets a value by name. Call [`Rules::check`] to find contradictions with other values.
    ///
    /// # Errors
    /// [`RulesError`] for an unknown name or an out-of-range value; the rules are unchanged then.
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
    /// [`RulesError`] names the first value that is out of range or contradicts another value.
    pub fn check(&self) -> Result<(), RulesError> {
        if self.name.is_empty() || self.name.chars().count() > 32 {
            return Err(RulesError::Contradiction(format!(
                "name must have 1 to 32 characters (got {:?})",
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
                "number of personalities must be 1 to 64 (got {})",
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
                    "{low_key} = {low} must not exceed {high_key} = {high}"
                )));
            }
        }
        Ok(())
    }

    /// Traits of the computer player in a seat.
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

    /// Names cover every number in the file, and the listed ranges are the ones that are checked.
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
