//! What somebody may do, in five roles.
//!
//! A role says what is open to a caller of its kind. A bot key may do less than its role: only what
//! its [`Scopes`](crate::Scopes) name.

use std::fmt;
use std::str::FromStr;

use crate::AuthError;
use crate::error::shown;
use crate::text::serialize_as_text;

/// Who is asking, as far as permissions go. Serialised in lower snake case (`bot_service`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// No proof given: may look at everything public (snapshot, events, factions, health) and ask
    /// for a login message.
    Anonymous,
    /// Proved to hold a wallet's key: may also claim one free starter faction, give it up, and order
    /// that faction about.
    Player,
    /// Presented a key that a player issued for a bot: may give orders for that player's faction, as
    /// far as the key's scopes go, and neither claim, give up nor issue further keys.
    BotKey,
    /// Presented the shared bot token: may give orders for every faction that no player has claimed,
    /// and claim none.
    BotService,
    /// The operator: all that a player may, and pause, restart and clear the sector of players.
    Admin,
}

impl Role {
    /// All roles, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::Anonymous, Self::Player, Self::BotKey, Self::BotService, Self::Admin];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Player => "player",
            Self::BotKey => "bot_key",
            Self::BotService => "bot_service",
            Self::Admin => "admin",
        }
    }

    /// May log in and hold a token: the others present their credentials with each request.
    #[must_use]
    pub const fn may_log_in(self) -> bool {
        matches!(self, Self::Player | Self::Admin)
    }

    /// May claim a faction and give it up.
    #[must_use]
    pub const fn may_claim(self) -> bool {
        matches!(self, Self::Player | Self::Admin)
    }

    /// May give orders for the faction that the player in question has claimed.
    #[must_use]
    pub const fn may_order_claimed(self) -> bool {
        matches!(self, Self::Player | Self::BotKey | Self::Admin)
    }

    /// May issue, list and revoke bot keys of their own.
    #[must_use]
    pub const fn may_issue_keys(self) -> bool {
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

serialize_as_text!(Role);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        for json in ["\"root\"", "{\"admin\":null}", "[\"admin\"]", "4"] {
            assert!(serde_json::from_str::<Role>(json).is_err(), "{json}");
        }
        assert_eq!("root".parse::<Role>().unwrap_err().code(), "role_unknown");
    }

    /// The whole table: anonymous, player, bot_key, bot_service, admin.
    #[test]
    fn each_role_may_do_what_the_table_says() {
        const X: bool = true;
        const O: bool = false;
        assert_eq!(Role::ALL.map(Role::may_log_in), [O, X, O, O, X]);
        assert_eq!(Role::ALL.map(Role::may_claim), [O, X, O, O, X]);
        assert_eq!(Role::ALL.map(Role::may_order_claimed), [O, X, X, O, X]);
        assert_eq!(Role::ALL.map(Role::may_issue_keys), [O, X, O, O, X]);
        assert_eq!(Role::ALL.map(Role::may_order_unclaimed), [O, O, O, X, O]);
        assert_eq!(Role::ALL.map(Role::may_administer), [O, O, O, O, X]);
    }
}
