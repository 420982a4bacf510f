//! Who is asking, by the credentials of the request.

use http::header::{AUTHORIZATION, HeaderName};
use http_kit::{Context, Problem};
use sector_auth::{Address, OpaqueKind, Role, Scopes, TokenId};
use sector_wire::Code;

use crate::state::Api;
use crate::{identity::bot_keys, identity::sessions};

/// Name under which the orders of the shared bot token go.
pub(crate) const BOT_PLAYER: &str = "bot";

/// Header in which the operator's bots present their token.
pub const BOT_TOKEN_HEADER: &str = "x-bot-token";
const BOT_TOKEN: HeaderName = HeaderName::from_static(BOT_TOKEN_HEADER);

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// A bot of the operator, by the shared token.
    Bot,
    /// Somebody who logged in, or a bot with their key.
    Person(Person),
}

/// Somebody who logged in, or a bot with their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Whose wallet it is; the local operator has [`Address::ZERO`].
    pub address: Address,
    /// What they may do.
    pub role: Role,
    /// The session of a login.
    pub session: Option<TokenId>,
    /// The key of a bot.
    pub key: Option<KeyInUse>,
}

/// The key that a bot presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInUse {
    /// Its id.
    pub id: TokenId,
    /// What it is good for.
    pub verbs: Scopes,
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
/// 401 with the fault of the token or key; 403 `bots_disabled` where bots are refused; 400 `two_credentials`; 503 while
/// the store, which knows sessions and keys, is away.
pub(crate) async fn identify(context: &Context<Api>) -> Result<Caller, Problem> {
    let api = context.state();
    let has_authorization = context.headers().contains_key(AUTHORIZATION);
    let has_bot_token = context.headers().contains_key(BOT_TOKEN);
    if has_authorization && has_bot_token {
        return Err(Problem::bad_request(
            Code::TwoCredentials,
            "Send Authorization or X-Bot-Token, not both: it must be clear who is asking.",
        ));
    }
    if has_bot_token {
        let presented = context.header(BOT_TOKEN).unwrap_or_default();
        return match api.bot_tokens.matches(presented, api.now().unix_ms()) {
            Some(true) => Ok(Caller::Bot),
            Some(false) => Err(Problem::unauthorized(
                Code::BotTokenWrong,
                "The X-Bot-Token is not the one of this server.",
            )),
            None => Err(Problem::forbidden(
                Code::BotsDisabled,
                "This server takes no bots: it has no BOT_API_TOKEN.",
            )),
        };
    }
    if !has_authorization {
        return Ok(Caller::Anonymous);
    }
    let token = context.bearer().ok_or_else(|| {
        Problem::unauthorized(
            Code::BearerRequired,
            "The Authorization header is not of the form \"Bearer <token>\".",
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

/// 401 for nobody in particular.
pub(crate) fn unauthenticated() -> Problem {
    Problem::unauthorized(
        Code::Unauthenticated,
        "Sign in first: this takes a token in the Authorization header.",
    )
}
