//! Declarations of routes: access, quota, and scope.
//!
//! Every route has one: [`Table::route`](crate::table::Table::route) requires a [`Declaration`].

use http_kit::Problem;
use sector_auth::{Role, Verb};
use sector_wire::Code;

use crate::identity::caller::{Caller, Person, unauthenticated};

/// Who may use a route, by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; credentials are ignored, even invalid ones.
    Probe,
    /// Everybody; a player's claim is renewed.
    Anyone,
    /// Logged-in players.
    Player,
    /// Logged-in players, and bots with a player's key that permits reading.
    Own,
    /// Same as [`Self::Orders`], to read orders: a key must permit reading.
    Receipts,
    /// Logged-in players and bots.
    Orders,
    /// Admins.
    Admin,
}

impl Access {
    /// Whether this role has access.
    #[must_use]
    pub const fn allows(self, role: Role) -> bool {
        match self {
            Self::Probe | Self::Anyone => true,
            Self::Player => role.may_claim(),
            Self::Own => role.may_order_claimed(),
            Self::Receipts | Self::Orders => role.may_order_claimed() || role.may_order_unclaimed(),
            Self::Admin => role.may_administer(),
        }
    }

    /// Rejects callers without access.
    ///
    /// # Errors
    /// 401 `unauthenticated` without credentials; 403 `not_admin` or `not_a_player`.
    pub fn check(self, caller: &Caller) -> Result<(), Problem> {
        if self.allows(caller.role()) {
            return self.check_verb(caller);
        }
        Err(match (self, caller) {
            (_, Caller::Anonymous) => unauthenticated(),
            (Self::Admin, _) => Problem::forbidden(Code::NotAdmin, "This requires the admin role."),
            _ => Problem::forbidden(Code::NotAPlayer, "Only players may do this, not bots."),
        })
    }

    /// Rejects keys without the required permission.
    fn check_verb(self, caller: &Caller) -> Result<(), Problem> {
        let verb = match self {
            Self::Own | Self::Receipts => Verb::Read,
            Self::Orders => Verb::Orders,
            Self::Probe | Self::Anyone | Self::Player | Self::Admin => return Ok(()),
        };
        match caller {
            Caller::Person(Person { key: Some(key), .. }) if !key.verbs.allow(verb) => {
                Err(Problem::forbidden(
                    Code::KeyNotGoodForThis,
                    format!(
                        "This requires a key with the permission {verb}, which this key lacks."
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Description for the API reference.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Probe | Self::Anyone => "everybody",
            Self::Player => "players",
            Self::Own => "players, and their bots",
            Self::Receipts | Self::Orders => "players, their bots, and the operator's bots",
            Self::Admin => "admins",
        }
    }
}

/// Scope of a route: one sector or the whole service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole service: not available under `/sectors/{sector}`.
    Service,
    /// One sector: the default one, or the one in the path.
    Sector,
}

/// Quota of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Health probes; only the limit per address applies.
    Probe,
    /// Logins.
    Login,
    /// Reads.
    Read,
    /// Small writes: claims, keys.
    Write,
    /// Orders.
    Orders,
    /// Admin actions.
    Admin,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 6] =
        [Self::Probe, Self::Login, Self::Read, Self::Write, Self::Orders, Self::Admin];
}

/// What a route declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration {
    /// Access by role.
    pub access: Access,
    /// Quota.
    pub class: Class,
    /// Scope.
    pub scope: Scope,
}
