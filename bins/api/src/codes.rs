//! The codes of this service's problems, beside those that every service has.

use http_kit::Kind;

/// Each once, by code.
pub const PROBLEMS: &[Kind] = &[
    Kind::new(
        "already_claimed",
        &[409],
        "You hold another faction already.",
        "Give it up first: DELETE /factions/claim.",
    ),
    Kind::new(
        "bearer_required",
        &[401],
        "The Authorization header is not of the form Bearer <token>.",
        "Send `Authorization: Bearer` and the token.",
    ),
    Kind::new(
        "bot_token_wrong",
        &[401],
        "The X-Bot-Token is not the one of this server.",
        "Ask the operator for the present one.",
    ),
    Kind::new(
        "bots_disabled",
        &[403],
        "This server takes no X-Bot-Token.",
        "Log in, or play with a key of a player.",
    ),
    Kind::new(
        "faction_claimed",
        &[403, 409],
        "A player holds this faction.",
        "Take a faction that GET /factions shows as free.",
    ),
    Kind::new(
        "foreign_rules",
        &[409],
        "The universe lives by rules of another version than this server knows.",
        "Ask a server of the version that runs the sector.",
    ),
    Kind::new(
        "history_restored",
        &[410],
        "The sector was restored from a backup since.",
        "Take a snapshot and go on from there.",
    ),
    Kind::new(
        "history_trimmed",
        &[410],
        "The events after this one are not kept any more, or there is no such event.",
        "Take a snapshot and go on from the id in its ETag.",
    ),
    Kind::new(
        "idempotency_key_reused",
        &[422],
        "This Idempotency-Key was used for something else.",
        "Take a new key for every new wish.",
    ),
    Kind::new(
        "invalid_header",
        &[400],
        "A header is not of its form.",
        "Correct what errors names.",
    ),
    Kind::new(
        "invalid_idempotency_key",
        &[400],
        "The Idempotency-Key is not of its form.",
        "Send 1 to 64 visible ASCII characters.",
    ),
    Kind::new(
        "invalid_order",
        &[400],
        "An order is not of its form.",
        "Correct what errors names; nothing of the batch was accepted.",
    ),
    Kind::new(
        "invalid_orders",
        &[400],
        "Orders of a batch have faults of several kinds.",
        "Correct what errors names; nothing of the batch was accepted.",
    ),
    Kind::new(
        "key_not_good_for_this",
        &[403],
        "The key has not the verb that this takes.",
        "Issue one with the verb.",
    ),
    Kind::new(
        "key_unknown",
        &[401],
        "This key was revoked, has expired or never was.",
        "Issue a new one.",
    ),
    Kind::new("no_universe", &[409, 503], "No universe is running yet.", "Wait until one begins."),
    Kind::new(
        "nonce_unknown",
        &[401],
        "No message is waiting: it was used, has expired or was never asked for.",
        "Ask for a new one: POST /auth/nonce.",
    ),
    Kind::new(
        "not_a_player",
        &[403],
        "This is for players, not for bots.",
        "Log in with a wallet.",
    ),
    Kind::new("not_admin", &[403], "This takes the admin role.", "Log in as the operator."),
    Kind::new(
        "not_claimable",
        &[409],
        "Only starters that are still alive can be claimed.",
        "Take another faction.",
    ),
    Kind::new(
        "not_your_faction",
        &[403],
        "The orders are for a faction that you do not hold, or no longer.",
        "Claim it, or order your own.",
    ),
    Kind::new(
        "operator_code_unknown",
        &[401],
        "The code was used, has expired or was never given.",
        "Start the sector again for a new one.",
    ),
    Kind::new(
        "order_backlog_full",
        &[503],
        "Too many orders wait to be carried out already.",
        "Try again after Retry-After, when the sector goes on.",
    ),
    Kind::new(
        "refresh_token_busy",
        &[409],
        "The same session is being renewed by others.",
        "Try again, or use the token that they got.",
    ),
    Kind::new(
        "refresh_token_reused",
        &[401],
        "The refresh token was used before, so that somebody has a copy; the session is ended.",
        "Log in anew.",
    ),
    Kind::new(
        "refresh_token_unknown",
        &[401],
        "The session has ended or never was.",
        "Log in anew.",
    ),
    Kind::new(
        "request_under_way",
        &[409],
        "A request with this Idempotency-Key is under way.",
        "Wait, then ask again with the same key for its answer.",
    ),
    Kind::new(
        "run_over",
        &[409],
        "The run has ended; its universe takes nothing more.",
        "Wait for the next universe.",
    ),
    Kind::new(
        "session_ended",
        &[401],
        "You have signed out, or the session has run out.",
        "Log in anew.",
    ),
    Kind::new(
        "stopping",
        &[503],
        "This server is stopping.",
        "Try again after Retry-After, or another.",
    ),
    Kind::new(
        "store_unavailable",
        &[503],
        "The state of the sector cannot be reached at present.",
        "Try again after Retry-After.",
    ),
    Kind::new(
        "too_many_keys",
        &[409],
        "You have as many keys as one may.",
        "Revoke one: DELETE /keys/{id}.",
    ),
    Kind::new(
        "too_many_sectors",
        &[503],
        "The server has as many sectors open as it may.",
        "Try again after Retry-After.",
    ),
    Kind::new(
        "too_many_replays",
        &[503],
        "As many replays as can be are being made.",
        "Try again after Retry-After.",
    ),
    Kind::new(
        "too_many_streams",
        &[429, 503],
        "This address, or the server, has as many streams as it may.",
        "Close one, try again after Retry-After, or ask GET /events.",
    ),
    Kind::new(
        "two_credentials",
        &[400],
        "Authorization and X-Bot-Token are both there.",
        "Send one of them: it must be clear who is asking.",
    ),
    Kind::new(
        "unauthenticated",
        &[401],
        "This takes credentials, and there are none.",
        "Log in, and send the token in the Authorization header.",
    ),
    Kind::new(
        "unknown_faction",
        &[400, 404],
        "There is no such faction in this universe, or it has been eliminated.",
        "Take one of those that GET /factions lists.",
    ),
    Kind::new(
        "unknown_fleet",
        &[400],
        "There is no such fleet in this universe, or it is gone.",
        "Look at the newest snapshot.",
    ),
    Kind::new(
        "unknown_key",
        &[404],
        "You have no key of this id.",
        "Take an id that GET /keys lists.",
    ),
    Kind::new(
        "unknown_receipt",
        &[404],
        "Nothing is known of this receipt: it is not yours, never was, or is not kept any more.",
        "Take the id that POST /orders gave; the newest are kept.",
    ),
    Kind::new(
        "unknown_run",
        &[404],
        "No run of this name goes on or is kept.",
        "Take one that GET /runs lists.",
    ),
    Kind::new(
        "unknown_sector",
        &[404],
        "There is no sector of this name.",
        "Choose one that GET /sectors lists.",
    ),
    Kind::new(
        "unknown_system",
        &[400, 404],
        "There is no such system in this universe.",
        "Take an id that the snapshot has.",
    ),
];

/// Those of credentials and logins, as `sector-auth` has them, each once, by code.
pub const CREDENTIAL_PROBLEMS: &[Kind] = &[
    Kind::new(
        "address_mismatch",
        &[401],
        "The message is of another address than the one that is presented.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "chain_mismatch",
        &[401],
        "The message is for another chain.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "domain_mismatch",
        &[401],
        "The message is for another site.",
        "Sign messages of this site alone; somebody may have tried to use your signature elsewhere.",
    ),
    Kind::new(
        "message_expired",
        &[401],
        "The message has expired.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "message_from_future",
        &[401],
        "The message was written in the future.",
        "Set the clock; then ask for a new message.",
    ),
    Kind::new(
        "message_not_yet_valid",
        &[401],
        "The message is not good yet.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "message_too_old",
        &[401],
        "The message was written too long ago.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "nonce_mismatch",
        &[401],
        "The message has another nonce than the one that was handed out.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "opaque_token_characters",
        &[401],
        "The token has characters that none has.",
        "Copy the whole token as it was handed out.",
    ),
    Kind::new(
        "opaque_token_checksum",
        &[401],
        "The checksum of the token is wrong.",
        "Copy the whole token as it was handed out.",
    ),
    Kind::new(
        "opaque_token_kind",
        &[401],
        "The token is of another kind than this takes.",
        "Send the one that is asked for.",
    ),
    Kind::new(
        "opaque_token_length",
        &[401],
        "The token is not as long as one is.",
        "Copy the whole token as it was handed out.",
    ),
    Kind::new(
        "scheme_mismatch",
        &[401],
        "The message names another scheme.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "signature_high_s",
        &[401],
        "The signature is not in its canonical form.",
        "Sign with the lower value of s, as wallets do.",
    ),
    Kind::new(
        "signature_invalid",
        &[401],
        "The signature is none of any key.",
        "Sign the message as it stands.",
    ),
    Kind::new(
        "signature_length",
        &[401],
        "The signature has not 65 bytes.",
        "Send what personal_sign returned.",
    ),
    Kind::new(
        "signature_not_hex",
        &[401],
        "The signature is not hexadecimal after 0x.",
        "Send what personal_sign returned.",
    ),
    Kind::new(
        "signature_recovery_byte",
        &[401],
        "The last byte of the signature is none of 0, 1, 27 and 28.",
        "Send what personal_sign returned.",
    ),
    Kind::new(
        "token_algorithm",
        &[401],
        "The token is signed by another algorithm.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_audience",
        &[401],
        "The token is for another service.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_claims",
        &[401],
        "The claims of the token cannot be read.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_critical",
        &[401],
        "The token asks for extensions.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_expired",
        &[401],
        "The token has expired.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_from_future",
        &[401],
        "The token is of the future.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_header",
        &[401],
        "The header of the token cannot be read.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_issuer",
        &[401],
        "The token was issued by another service.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_key_missing",
        &[401],
        "The token does not name its key.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_key_unknown",
        &[401],
        "The token is signed with a key that the server does not know (any more).",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_lifetime",
        &[401],
        "The token lives longer than tokens do.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_malformed",
        &[401],
        "What was sent is no token.",
        "Send the token that a login gave.",
    ),
    Kind::new(
        "token_role",
        &[401],
        "The role of the token is none that a login gives.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "token_signature",
        &[401],
        "The signature of the token is wrong.",
        "Log in anew, or renew the login: POST /auth/refresh.",
    ),
    Kind::new(
        "uri_mismatch",
        &[401],
        "The message names another URI.",
        "Ask for a new message: POST /auth/nonce.",
    ),
    Kind::new(
        "wrong_signer",
        &[401],
        "The message was signed by another key.",
        "Sign with the wallet that asked for it.",
    ),
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use http_kit::{Catalogue, catalogue};
    use sector_auth::AuthError;

    use super::*;

    /// What `sector-auth` finds in options and in fields of bodies: the one stops the server, the other is told in
    /// `errors` of `invalid_body` or `invalid_path`.
    const NO_PROBLEMS_OF_THEIR_OWN: &[&str] = &[
        "address_checksum",
        "address_malformed",
        "key_malformed",
        "message_extra_line",
        "message_malformed",
        "message_version",
        "role_unknown",
        "scope_unknown",
        "scopes_empty",
        "secret_empty",
        "secret_hash_malformed",
        "shared_tokens_count",
        "time_malformed",
        "token_id_malformed",
        "token_key_repeated",
        "token_key_too_short",
        "token_keys_too_many",
        "token_not_issued",
    ];

    fn all() -> Catalogue {
        Catalogue::new(&[PROBLEMS, CREDENTIAL_PROBLEMS]).unwrap()
    }

    #[test]
    fn every_code_of_this_crate_is_listed() {
        let catalogue = all();
        let mut sources = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut found = 0;
        while let Some(path) = sources.pop() {
            if path.is_dir() {
                sources.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            for code in catalogue::codes_in(&std::fs::read_to_string(path).unwrap()) {
                found += 1;
                assert!(catalogue.kinds().any(|kind| kind.code == code), "{code}");
            }
        }
        assert!(found >= 30, "{found}");
    }

    #[test]
    fn every_code_of_credentials_is_listed_or_never_answered() {
        for code in AuthError::CODES {
            let is_listed = CREDENTIAL_PROBLEMS.iter().any(|kind| kind.code == code);
            assert!(is_listed != NO_PROBLEMS_OF_THEIR_OWN.contains(&code), "{code}");
        }
        assert_eq!(
            CREDENTIAL_PROBLEMS.len() + NO_PROBLEMS_OF_THEIR_OWN.len(),
            AuthError::CODES.len()
        );
    }
}
