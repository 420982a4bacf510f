//! The five roles and their permissions.
//!
//! A bot key may have fewer permissions than its role: only those in its [`Scopes`](crate::Scopes).

use std::fmt;
use std::str::FromStr;

use crate::AuthError;
use crate::error::shown;
use crate::text::serialize_as_text;

/// Role of a caller. Serialized in snake case (`bot_service`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// No credentials: may read everything public (snapshot, events, factions, health) and request
    /// a login message.
    Anonymous,
    /// Logged in with a wallet: may also claim one free starter faction, give orders for it, and
    /// release it.
    Player,
    /// Key that a player issued for a bot: may give orders for that player's faction, within the
    /// key's scopes; may not claim, release or issue keys.
    BotKey,
    /// Shared bot token: may give orders for every faction that no player has claimed; may not
    /// claim any.
    BotService,
    /// Operator: has all permissions of a player, and may pause and restart the sector and end all
    /// claims.
    Admin,
}

impl Role {
    /// All roles, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::Anonymous, Self::Player, Self::BotKey, Self::BotService, Self::Admin];

    /// Name in requests and responses.
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

    /// May log in and have tokens; other roles send their credentials with each request.
    #[must_use]
    pub const fn may_log_in(self) -> bool {
        matches!(self, Self::Player | Self::Admin)
    }

    /// May claim and release a faction.
    #[must_use]
    pub const fn may_claim(self) -> bool {
        matches!(self, Self::Player | Self::Admin)
    }

    /// May give orders for the faction that their player has claimed.
    #[must_use]
    pub const fn may_order_claimed(self) -> bool {
        matches!(self, Self::Player | Self::BotKey | Self::Admin)
    }

    /// May issue, list and revoke their own bot keys.
    #[must_use]
    pub const fn may_issue_keys(self) -> bool {
        matches!(self, Self::Player | Self::Admin)
    }

    /// May give orders for factions that no player has claimed.
    #[must_use]
    pub const fn may_order_unclaimed(self) -> bool {
        matches!(self, Self::BotService)
    }

    /// May pause and restart the sector, and end all claims.
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
    fn roles_have_the_same_name_in_text_and_json() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        for json in ["\"root\"", "{\"admin\":null}", "[\"admin\"]", "4"] {
            assert!(serde_json::from_str::<Role>(json).is_err(), "{json}");
        }
        assert_eq!("root".parse::<Role>().unwrap_err().code(), "role_unknown");
    }

    /// In order: anonymous, player, bot_key, bot_service, admin.
    #[test]
    fn each_role_has_its_permissions() {
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
