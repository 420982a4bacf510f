//! The caller of a request, identified by its credentials.

use http::header::{AUTHORIZATION, HeaderName};
use http_kit::{Context, Problem};
use sector_auth::{Address, OpaqueKind, Role, Scopes, TokenId};
use sector_wire::Code;

use crate::identity::{bot_keys, sessions};
use crate::state::Api;

/// Player name for orders sent with the shared bot token.
pub(crate) const BOT_PLAYER: &str = "bot";

/// Header with the token of the operator's bots.
pub const BOT_TOKEN_HEADER: &str = "x-bot-token";
const BOT_TOKEN: HeaderName = HeaderName::from_static(BOT_TOKEN_HEADER);

/// The caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// No credentials.
    Anonymous,
    /// A bot of the operator, with the shared token.
    Bot,
    /// A logged-in player or admin, or a bot with a player's key.
    Person(Person),
}

/// A logged-in player or admin, or a bot with a player's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Address of the wallet; [`Address::ZERO`] for the local operator.
    pub address: Address,
    /// Role.
    pub role: Role,
    /// Session of the login; `None` with a key.
    pub session: Option<TokenId>,
    /// The bot's key; `None` with a login.
    pub key: Option<KeyInUse>,
}

/// The key of a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInUse {
    /// Id of the key.
    pub id: TokenId,
    /// Permissions of the key.
    pub verbs: Scopes,
}

impl Caller {
    /// Role of the caller.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Anonymous => Role::Anonymous,
            Self::Bot => Role::BotService,
            Self::Person(person) => person.role,
        }
    }
}

impl Person {
    /// Player name in the store: the address with checksum.
    #[must_use]
    pub fn player(&self) -> String {
        self.address.to_checksum()
    }
}

/// Identifies the caller.
///
/// # Errors
/// 401 with a code for the token or key; 403 `bots_disabled` if bots are rejected; 400
/// `two_credentials`; 503 while the store, which has the sessions and keys, is unavailable.
pub(crate) async fn identify(context: &Context<Api>) -> Result<Caller, Problem> {
    let api = context.state();
    let has_authorization = context.headers().contains_key(AUTHORIZATION);
    let has_bot_token = context.headers().contains_key(BOT_TOKEN);
    if has_authorization && has_bot_token {
        return Err(Problem::bad_request(
            Code::TwoCredentials,
            "Send Authorization or X-Bot-Token, not both.",
        ));
    }
    if has_bot_token {
        let presented = context.header(BOT_TOKEN).unwrap_or_default();
        return match api.bot_tokens.matches(presented, api.now().unix_ms()) {
            Some(true) => Ok(Caller::Bot),
            Some(false) => Err(Problem::unauthorized(Code::BotTokenWrong, "Wrong X-Bot-Token.")),
            None => Err(Problem::forbidden(
                Code::BotsDisabled,
                "This server accepts no bots: BOT_API_TOKEN is not set.",
            )),
        };
    }
    if !has_authorization {
        return Ok(Caller::Anonymous);
    }
    let token = context.bearer().ok_or_else(|| {
        Problem::unauthorized(
            Code::BearerRequired,
            "The Authorization header must have the form \"Bearer <token>\".",
        )
    })?;
    if token.starts_with(OpaqueKind::BotKey.prefix()) {
        return bot_keys::identify(api, token).await.map(Caller::Person);
    }
    let claims = api.tokens.verify(token, api.now()).map_err(|error| {
        Problem::unauthorized(error.code(), format!("You are not signed in: {error}."))
            .with_source(error)
    })?;
    sessions::check(api, claims.sid).await?;
    Ok(Caller::Person(Person {
        address: claims.sub,
        role: claims.role,
        session: Some(claims.sid),
        key: None,
    }))
}

/// 401 for requests without credentials.
pub(crate) fn unauthenticated() -> Problem {
    Problem::unauthorized(
        Code::Unauthenticated,
        "Sign in first: send a token in the Authorization header.",
    )
}
