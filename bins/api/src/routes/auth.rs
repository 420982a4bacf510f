//! `/auth/*`: logins.
//!
//! The API issues a message for an address with a nonce that it recognizes later; nothing is stored. A
//! signature proves that the caller has the key. Only a proved login consumes the nonce, so nobody can
//! spoil the login of another address, and a signature yields a single token.

use http_kit::{FieldError, Problem, Response, reply};
use sector_auth::{
    Address, AuthError, Expected, LoginFields, LoginMessage, Role, verify as check_login,
};
use sector_wire::Code;

use crate::identity::sessions;
use crate::identity::tickets::{
    check_login_nonce, login_nonce, use_login_nonce, use_operator_code,
};
use crate::request::call::Call;
use crate::request::problems::invalid_body;
use sector_wire::{
    LogoutAnswer, NonceAnswer, NonceRequest, OperatorRequest, RefreshRequest, TokenAnswer,
    VerifyRequest,
};

/// Maximum body of a login request, in bytes.
const BODY_BYTES_MAX: usize = 4_096;
/// Maximum body of `POST /auth/verify`, in bytes: signatures of contract wallets are long, and their users get an error
/// that says what they are.
const VERIFY_BYTES_MAX: usize = 16_384;
/// Maximum length of an operator code, in bytes.
const CODE_BYTES_MAX: usize = 256;
/// Statement that the wallet shows above the fields.
const STATEMENT: &str = "Sign in to Sector. This costs nothing and moves nothing.";

/// Request a login message.
///
/// Sign it unchanged and send the signature to `POST /auth/verify`.
#[utoipa::path(
    post,
    path = "/auth/nonce",
    operation_id = "auth_nonce",
    tag = "auth",
    request_body = NonceRequest,
    responses(
        (status = 200, description = "The message to sign: an ERC-4361 text with a single-use nonce.", body = NonceAnswer),
        (status = 400, description = "`invalid_body`: the address is malformed."),
        (status = 413, description = "`payload_too_large`: more than 4096 bytes."),
    )
)]
pub(crate) async fn nonce(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let request: NonceRequest = call.json(BODY_BYTES_MAX).await?;
    let address = address(&request.address)?;
    let api = call.state();
    let now = api.now();
    let ttl = api.config.auth_nonce_ttl_seconds;
    let nonce = login_nonce(&api.derived, address, now)?;
    let message = LoginMessage::new(LoginFields {
        statement: Some(STATEMENT.to_owned()),
        expiration_time: Some(now.plus_seconds(ttl.0)),
        ..LoginFields::new(
            api.config.auth_domain.as_str(),
            address,
            api.config.auth_uri.as_str(),
            api.config.auth_chain_id,
            nonce.as_str(),
            now,
        )
    })
    .map_err(Problem::internal)?
    .to_string();
    reply::json(&NonceAnswer { nonce, message })
}

/// Log in with a signed message.
///
/// Uses up the nonce of the message if the signature is valid; a refused login leaves it usable.
#[utoipa::path(
    post,
    path = "/auth/verify",
    operation_id = "auth_verify",
    tag = "auth",
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "Access token and refresh token.", body = TokenAnswer),
        (status = 401, description = "`nonce_unknown`: the nonce was used, has expired or was not issued for this address. `wrong_signer`, `signature_invalid` and others: the signature does not match the address and message. `signature_contract_wallet`: contract wallets cannot log in."),
        (status = 413, description = "`payload_too_large`: more than 16384 bytes."),
    )
)]
pub(crate) async fn verify(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let VerifyRequest { address: by, message, signature } = call.json(VERIFY_BYTES_MAX).await?;
    let by = by.as_deref().map(address).transpose()?;
    let parsed: LoginMessage = message.parse().map_err(|error: AuthError| {
        invalid_body(FieldError::new(
            "message",
            "(not repeated)",
            "an ERC-4361 message with the issued nonce",
            format!("{}: {error}.", error.code()),
        ))
    })?;
    let (api, fields) = (call.state(), parsed.fields());
    let (now, life_seconds) = (api.now(), api.config.auth_nonce_ttl_seconds.0);
    let remember_until =
        check_login_nonce(&api.derived, fields.address, &fields.nonce, life_seconds, now)
            .ok_or_else(nonce_unknown)?;
    let expected = Expected {
        domain: &api.config.auth_domain,
        uri: &api.config.auth_uri,
        nonce: &fields.nonce,
        chain_id: api.config.auth_chain_id,
        address: by.unwrap_or(fields.address),
        age_seconds_max: life_seconds,
    };
    check_login(&message, &signature, &expected, now).map_err(|error| {
        Problem::unauthorized(error.code(), format!("Login rejected: {error}.")).with_source(error)
    })?;
    // The address is proved: from here on the nonce works no more.
    let store = api.home().as_ref();
    if !use_login_nonce(store, expected.address, &fields.nonce, remember_until, now).await? {
        return Err(nonce_unknown());
    }
    reply::json(&sessions::begin(api, expected.address, api.role(expected.address)).await?)
}

/// Renew a session.
///
/// Takes the refresh token of the login or of the last renewal, and returns a new access token and
/// refresh token. For ten seconds after its first use the old refresh token returns the same new one again, in case the
/// response is lost or two tabs renew at once. Using it later ends the session, because someone may
/// have a copy.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    operation_id = "auth_refresh",
    tag = "auth",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "A new token and a new refresh token.", body = TokenAnswer),
        (status = 401, description = "`refresh_token_unknown`: the session has ended. `refresh_token_reused`: the token was already used; the session has been ended. `opaque_token_checksum` and others: this is not a refresh token."),
        (status = 409, description = "`refresh_token_busy`: another request is renewing the session."),
        (status = 413, description = "`payload_too_large`: more than 4096 bytes."),
    )
)]
pub(crate) async fn refresh(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let RefreshRequest { refresh_token } = call.json(BODY_BYTES_MAX).await?;
    reply::json(&sessions::renew(call.state(), &refresh_token).await?)
}

/// Sign out.
///
/// Ends the session of the token: its access and refresh tokens become invalid at once here, and
/// within a second on other replicas of the service.
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "logout",
    tag = "auth",
    security(("bearer" = [])),
    responses((status = 200, description = "Signed out.", body = LogoutAnswer))
)]
pub(crate) async fn logout(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let person = call.person()?;
    call.release_seat(&person).await?;
    let ended = match person.session {
        Some(session) => sessions::end(call.state(), session).await?,
        None => 0,
    };
    reply::json(&LogoutAnswer { ended })
}

/// Sign out everywhere.
///
/// Ends all sessions of the address, including this one. Keys remain valid; revoke them one by one.
#[utoipa::path(
    post,
    path = "/auth/logout-all",
    operation_id = "logout_all",
    tag = "auth",
    security(("bearer" = [])),
    responses((status = 200, description = "Signed out everywhere.", body = LogoutAnswer))
)]
pub(crate) async fn logout_all(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let person = call.person()?;
    call.release_seat(&person).await?;
    reply::json(&LogoutAnswer { ended: sessions::end_all(call.state(), person.address).await? })
}

/// Log in with the operator's one-time code.
///
/// `sector up` prints a link with the code on its terminal, and `sector operator link` prints another; it signs one
/// browser in as admin.
#[utoipa::path(
    post,
    path = "/auth/operator",
    operation_id = "auth_operator",
    tag = "auth",
    request_body = OperatorRequest,
    responses(
        (status = 200, description = "Tokens with the admin role.", body = TokenAnswer),
        (status = 401, description = "`operator_code_unknown`: the code was used, has expired or was never issued."),
        (status = 413, description = "`payload_too_large`: more than 4096 bytes."),
    )
)]
pub(crate) async fn operator(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let OperatorRequest { code } = call.json(BODY_BYTES_MAX).await?;
    if code.is_empty() || code.len() > CODE_BYTES_MAX {
        return Err(invalid_body(FieldError::new(
            "code",
            "(not repeated)",
            "1 to 256 bytes",
            "The code is empty or too long.",
        )));
    }
    let api = call.state();
    if !use_operator_code(api.home().as_ref(), &api.derived, &code, api.now()).await? {
        return Err(Problem::unauthorized(
            Code::OperatorCodeUnknown,
            "The code was used, has expired or was never issued: get a new link with `sector operator link`.",
        ));
    }
    reply::json(&sessions::begin(api, Address::ZERO, Role::Admin).await?)
}

fn address(text: &str) -> Result<Address, Problem> {
    text.parse().map_err(|error: AuthError| {
        let shown: String = text.chars().take(80).collect();
        invalid_body(FieldError::new(
            "address",
            shown,
            "0x and 40 hexadecimal digits, all of one case or with the checksum of EIP-55",
            format!("{}: {error}.", error.code()),
        ))
    })
}

fn nonce_unknown() -> Problem {
    Problem::unauthorized(
        Code::NonceUnknown,
        "The nonce of the message was used, has expired or was not issued for this address: request a new message.",
    )
}
