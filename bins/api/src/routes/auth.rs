//! `/auth/*`: logins.
//!
//! A message is handed out for an address and kept under it; signing it proves the key. Whatever
//! comes back for it, right or wrong, uses it up. The store gives a nonce to one caller only, so of
//! many that present the same signature one gets a token.

use sector_auth::{
    Address, AuthError, Expected, Grant, LoginFields, LoginMessage, Role, TokenId, verify as check_login,
};
use service::{FieldError, Problem, Response, reply};

use crate::call::Call;
use crate::operator::{CODE_BYTES_MAX, take_operator};
use crate::problems::{invalid_body, of_store};
use crate::state::Api;
use crate::wire::{NonceAnswer, NonceRequest, OperatorRequest, TokenAnswer, VerifyRequest};

/// Longest body of a login request, in bytes.
const BODY_BYTES_MAX: usize = 4_096;
/// Longest signature that is looked at, in bytes: twice what 65 bytes take.
const SIGNATURE_BYTES_MAX: usize = 264;
/// What the wallet shows above the particulars.
const STATEMENT: &str = "Sign in to Sector. This costs nothing and moves nothing.";

/// Ask for a message to sign.
///
/// A new message replaces an earlier one for the same address.
#[utoipa::path(
    post,
    path = "/auth/nonce",
    operation_id = "auth_nonce",
    tag = "auth",
    request_body = NonceRequest,
    responses(
        (status = 200, description = "The message to sign, an ERC-4361 text with a nonce that works once.", body = NonceAnswer),
        (status = 400, description = "`malformed_json`, `invalid_body`: the address is none."),
        (status = 413, description = "`payload_too_large`: beyond 4096 bytes."),
        (status = 415, description = "`unsupported_media_type`: send application/json."),
    )
)]
pub(crate) async fn nonce(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let request: NonceRequest = call.json(BODY_BYTES_MAX).await?;
    let address = address(&request.address)?;
    let api = call.state();
    let now = api.now();
    let ttl = api.config.auth_nonce_ttl_seconds;
    let nonce = hex::encode(random()?);
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
    api.home().put_nonce(&key(address), &message, ttl.duration()).await.map_err(of_store)?;
    reply::json(&NonceAnswer { nonce, message })
}

/// Present the signed message.
#[utoipa::path(
    post,
    path = "/auth/verify",
    operation_id = "auth_verify",
    tag = "auth",
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "A token that says who is asking.", body = TokenAnswer),
        (status = 400, description = "`malformed_json`, `invalid_body`."),
        (status = 401, description = "`nonce_unknown`: no message is waiting for this address, or it was used or has expired. `wrong_signer`, `signature_invalid` and others: the signature is not this address's of that message."),
        (status = 413, description = "`payload_too_large`: beyond 4096 bytes."),
        (status = 415, description = "`unsupported_media_type`: send application/json."),
    )
)]
pub(crate) async fn verify(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let request: VerifyRequest = call.json(BODY_BYTES_MAX).await?;
    let address = address(&request.address)?;
    if request.signature.len() > SIGNATURE_BYTES_MAX {
        return Err(invalid_body(FieldError::new(
            "signature",
            "(too long to repeat)",
            "65 bytes in hexadecimal, after 0x",
            "The signature is too long.",
        )));
    }
    let api = call.state();
    let message = api.home().take_nonce(&key(address)).await.map_err(of_store)?.ok_or_else(|| {
        Problem::unauthorized(
            "nonce_unknown",
            "No message is waiting for this address: it was used, has expired or was never asked for. Ask for a new one.",
        )
    })?;
    let stored: LoginMessage = message.parse().map_err(|error: AuthError| Problem::internal(error))?;
    let expected = Expected {
        domain: &api.config.auth_domain,
        uri: &api.config.auth_uri,
        nonce: &stored.fields().nonce,
        chain_id: api.config.auth_chain_id,
        address,
        age_seconds_max: api.config.auth_nonce_ttl_seconds.0,
    };
    check_login(&message, &request.signature, &expected, api.now()).map_err(|error| {
        Problem::unauthorized(error.code(), format!("The login is refused: {error}. Ask for a new message."))
            .with_source(error)
    })?;
    let is_admin = api.config.admin_addresses.0.contains(&address);
    token(api, address, if is_admin { Role::Admin } else { Role::Player })
}

/// Present a one-time code of the operator.
///
/// Whoever starts a sector prints a link with such a code; it signs one browser in as admin.
#[utoipa::path(
    post,
    path = "/auth/operator",
    operation_id = "auth_operator",
    tag = "auth",
    request_body = OperatorRequest,
    responses(
        (status = 200, description = "A token with the admin role.", body = TokenAnswer),
        (status = 400, description = "`malformed_json`, `invalid_body`."),
        (status = 401, description = "`operator_code_unknown`: the code was used, has expired or was never given."),
        (status = 413, description = "`payload_too_large`: beyond 4096 bytes."),
        (status = 415, description = "`unsupported_media_type`: send application/json."),
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
    if !take_operator(api.home().as_ref(), &code).await.map_err(of_store)? {
        return Err(Problem::unauthorized(
            "operator_code_unknown",
            "This code was used, has expired or was never given: start the sector again for a new one.",
        ));
    }
    token(api, Address::ZERO, Role::Admin)
}

fn token(api: &Api, address: Address, role: Role) -> Result<Response, Problem> {
    let grant = Grant {
        subject: address,
        role,
        session_id: TokenId::from_random_bytes(random()?),
        token_id: TokenId::from_random_bytes(random()?),
        ttl_seconds: api.config.jwt_ttl_seconds.0,
    };
    let token = api.tokens.issue(&grant, api.now()).map_err(Problem::internal)?;
    reply::json(&TokenAnswer { token })
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

/// Where the message for an address waits.
fn key(address: Address) -> String {
    format!("login:{}", address.to_lower_hex())
}

/// 128 random bits.
fn random() -> Result<[u8; 16], Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(bytes)
}
