//! What a route declares: who may use it, how often, and whether it is about one sector.
//!
//! A route cannot be added without: [`Table::route`](crate::table::Table::route) takes a [`Declaration`].

use http_kit::Problem;
use sector_auth::{Role, Verb};
use sector_wire::Code;

use crate::caller::{Caller, Person, unauthenticated};

/// Who may use a route, by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody. Credentials, even bad ones, are not looked at.
    Probe,
    /// Everybody; players count as seen.
    Anyone,
    /// Somebody who logged in.
    Player,
    /// Somebody who logged in, or a bot with their key that is good for reading.
    Own,
    /// As orders are given, for looking at them: a key must be good for reading.
    Receipts,
    /// Somebody who logged in, or bots.
    Orders,
    /// The operator.
    Admin,
}

impl Access {
    /// Whether this role may.
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

    /// Refuses a caller who may not.
    ///
    /// # Errors
    /// 401 `unauthenticated` for nobody in particular; 403 `not_admin` or `not_a_player`.
    pub fn check(self, caller: &Caller) -> Result<(), Problem> {
        if self.allows(caller.role()) {
            return self.check_verb(caller);
        }
        Err(match (self, caller) {
            (_, Caller::Anonymous) => unauthenticated(),
            (Self::Admin, _) => Problem::forbidden(
                Code::NotAdmin,
                "This takes the admin role; a login alone is not enough.",
            ),
            _ => Problem::forbidden(Code::NotAPlayer, "This is for players, not for bots."),
        })
    }

    /// Refuses a key that is not good for this.
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
                    format!("This takes a key with the verb {verb}; the one presented has others."),
                ))
            }
            _ => Ok(()),
        }
    }

    /// In words, for the documents.
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

/// Whether a route is about one sector, or about the whole service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// About the whole service: there is nothing under `/sectors/{sector}`.
    Service,
    /// About one sector: the service's own, or the one of the path.
    Sector,
}

/// How often a route may be used: the name of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Probes of the platform, counted with all that comes from their address alone.
    Probe,
    /// Logins.
    Login,
    /// Looking.
    Read,
    /// Changing a little: claims, keys.
    Write,
    /// Orders.
    Orders,
    /// The operator's.
    Admin,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Probe, Self::Login, Self::Read, Self::Write, Self::Orders, Self::Admin];
}

/// What a route declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration {
    /// Who may use it.
    pub access: Access,
    /// How often.
    pub class: Class,
    /// Whether it is about one sector.
    pub scope: Scope,
}
