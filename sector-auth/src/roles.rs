//! What somebody may do, in four steps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::AuthError;
use crate::error::shown;

/// Who is asking, as far as permissions go. Serialised in lower snake case (`bot_service`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// No proof given: may look at everything public (snapshot, events, factions, health) and ask
    /// for a login message.
    Anonymous,
    /// Proved to hold a wallet's key: may also claim one free starter faction, give it up, and order
    /// that faction about.
    Player,
    /// Presented the shared bot token: may give orders for every faction that no player has claimed,
    /// and claim none.
    BotService,
    /// The operator: all that a player may, and pause, restart and clear the sector of players.
    Admin,
}

impl Role {
    /// All roles, weakest first.
    pub const ALL: [Self; 4] = [Self::Anonymous, Self::Player, Self::BotService, Self::Admin];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Player => "player",
            Self::BotService => "bot_service",
            Self::Admin => "admin",
        }
    }

    /// May claim a faction and give orders for the claimed one.
    #[must_use]
    pub const fn may_claim(self) -> bool {
        matches!(self, Self::Player | Self::Admin)
    }

    /// May give orders for factions that nobody has claimed.
    #[must_use]
    pub const fn may_order_unclaimed(self) -> bool {
        matches!(self, Self::BotService)
    }

    /// May pause, restart and clear the sector.
    #[must_use]
    pub const fn may_administer(self) -> bool {
        matches!(self, Self::Admin)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| AuthError::RoleUnknown { value: shown(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!("root".parse::<Role>().unwrap_err().code(), "role_unknown");
    }

    #[test]
    fn only_the_admin_administers_and_bots_claim_nothing() {
        assert_eq!(Role::ALL.map(Role::may_administer), [false, false, false, true]);
        assert_eq!(Role::ALL.map(Role::may_claim), [false, true, false, true]);
        assert_eq!(Role::ALL.map(Role::may_order_unclaimed), [false, false, true, false]);
    }
}
