//! Who is asking, by the credentials of the request.

use http::header::AUTHORIZATION;
use sector_auth::{Address, Role};
use service::{Context, Problem};

use crate::state::Api;

/// Header in which bots present their token.
pub const BOT_TOKEN_HEADER: &str = "x-bot-token";

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// A bot, by the shared token.
    Bot,
    /// Somebody who logged in.
    Person(Person),
}

impl Caller {
    /// What they may do.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Anonymous => Role::Anonymous,
            Self::Bot => Role::BotService,
            Self::Person(person) => person.role,
        }
    }
}

/// Somebody who logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Whose wallet it is; the local operator has [`Address::ZERO`].
    pub address: Address,
    /// What they may do.
    pub role: Role,
}

impl Person {
    /// The name under which the store knows them.
    #[must_use]
    pub fn player(&self) -> String {
        self.address.to_checksum()
    }
}

/// Who is asking.
///
/// # Errors
/// 401 with the token's fault; 403 `bots_disabled` where bots are refused; 400 `two_credentials`.
pub fn identify(context: &Context<Api>) -> Result<Caller, Problem> {
    let api = context.state();
    let has_authorization = context.headers().contains_key(AUTHORIZATION);
    let has_bot_token = context.headers().contains_key(BOT_TOKEN_HEADER);
    if has_authorization && has_bot_token {
        return Err(Problem::bad_request(
            "two_credentials",
            "Send Authorization or X-Bot-Token, not both: it must be clear who is asking.",
        ));
    }
    if has_bot_token {
        let Some(expected) = &api.bot_token else {
            return Err(Problem::forbidden("bots_disabled", "This server takes no bots: it has no BOT_API_TOKEN."));
        };
        return match context.header(BOT_TOKEN_HEADER) {
            Some(token) if expected.matches(token) => Ok(Caller::Bot),
            _ => Err(Problem::unauthorized("bot_token_wrong", "The X-Bot-Token is not the one of this server.")),
        };
    }
    if !has_authorization {
        return Ok(Caller::Anonymous);
    }
    let token = context.bearer().ok_or_else(|| {
        Problem::unauthorized("bearer_required", "The Authorization header is not of the form \"Bearer <token>\".")
    })?;
    let claims = api.tokens.verify(token, api.now()).map_err(|error| {
        Problem::unauthorized(error.code(), format!("You are not signed in: {error}.")).with_source(error)
    })?;
    Ok(Caller::Person(Person { address: claims.sub, role: claims.role }))
}

/// 401 for nobody in particular.
pub(crate) fn unauthenticated() -> Problem {
    Problem::unauthorized("unauthenticated", "Sign in first: this takes a token in the Authorization header.")
}
