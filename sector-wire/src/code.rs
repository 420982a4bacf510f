//! The codes of problems: each one's statuses, meaning and remedy, stated once.
//!
//! `docs/reference/errors.md`, the responses in the OpenAPI document and the examples are made from
//! this list. The HTTP kit has a list of its own for problems of HTTP itself.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A service that answers problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The HTTP API.
    Api,
    /// The frontend.
    Frontend,
    /// The minter.
    Minter,
}

impl Service {
    /// Name of the service in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::Frontend => "frontend",
            Self::Minter => "minter",
        }
    }
}

macro_rules! codes {
    ($($name:ident $code:literal [$($status:literal)+] [$($service:ident)+] $meaning:literal $remedy:literal)+) => {
        /// Code of a problem. Serialized as its stable name in snake case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $meaning] #[serde(rename = $code)] $name,)+
        }

        impl Code {
            /// All codes, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// HTTP statuses it comes with.
            #[must_use]
            pub const fn statuses(self) -> &'static [u16] {
                match self { $(Self::$name => &[$($status),+],)+ }
            }

            /// Services that answer it.
            #[must_use]
            pub const fn services(self) -> &'static [Service] {
                match self { $(Self::$name => &[$(Service::$service),+],)+ }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// What the client should do, in one sentence.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

codes! {
    AddressMismatch "address_mismatch" [401] [Api] "The message is for another address than the one presented." "Request a new message: POST /auth/nonce."
    AlreadyClaimed "already_claimed" [409] [Api] "You already hold another faction." "Release it first: DELETE /factions/claim."
    ApiTimeout "api_timeout" [504] [Frontend] "The API behind /api did not answer in time." "Try again shortly."
    ApiUnreachable "api_unreachable" [502] [Frontend] "The API behind /api cannot be reached." "Try again shortly."
    AwardDiffers "award_differs" [409] [Minter] "The run's record, or the recorded award, says something else than this award." "Leave metadata out, or send what GET /runs says of the run."
    AwardNotEarned "award_not_earned" [409] [Minter] "The faction did not earn this award in this run." "Send the winner of the run and the award `victory`."
    BadAward "bad_award" [400] [Minter] "The award is malformed." "Fix the fields listed in errors."
    BadKey "bad_key" [401] [Minter] "The bearer token is not the minter's key." "Send the key that the operator configured."
    BearerRequired "bearer_required" [401] [Api] "The Authorization header does not have the form `Bearer TOKEN`." "Send `Authorization: Bearer` and the token."
    BotTokenWrong "bot_token_wrong" [401] [Api] "The X-Bot-Token is not this server's token." "Ask the operator for the current token."
    BotsDisabled "bots_disabled" [403] [Api] "This server accepts no X-Bot-Token." "Log in, or use a player's bot key."
    Busy "busy" [503] [Frontend] "Too many previews are being generated." "Try again after Retry-After."
    ChainMismatch "chain_mismatch" [401] [Api] "The message is for another chain." "Request a new message: POST /auth/nonce."
    DomainMismatch "domain_mismatch" [401] [Api] "The message is for another site." "Only sign messages of this site; someone may have tried to use your signature elsewhere."
    FactionClaimed "faction_claimed" [403 409] [Api] "A player holds this faction." "Choose a faction that GET /factions shows as free."
    ForeignRules "foreign_rules" [409] [Api] "The universe uses a rules version that this server does not know." "Ask a server of the version that runs the sector."
    HistoryRestored "history_restored" [410] [Api] "The sector was restored from a backup since." "Take a snapshot and continue from there."
    HistoryTrimmed "history_trimmed" [410] [Api] "The events after this id are no longer kept, or the id does not exist." "Take a snapshot and continue from the id in its ETag."
    IdempotencyKeyReused "idempotency_key_reused" [422] [Api] "This Idempotency-Key was used for a different request." "Use a new key for every new request."
    ImpossibleMap "impossible_map" [422] [Frontend] "No map of this size exists for this many factions." "Ask for more systems or fewer factions."
    InvalidHeader "invalid_header" [400] [Api] "A header is malformed." "Fix the headers listed in errors."
    InvalidIdempotencyKey "invalid_idempotency_key" [400] [Api] "The Idempotency-Key is malformed." "Send 1 to 64 visible ASCII characters."
    InvalidOrder "invalid_order" [400] [Api] "An order is malformed." "Fix the fields listed in errors; nothing of the batch was accepted."
    InvalidOrders "invalid_orders" [400] [Api] "Orders of the batch have errors of several kinds." "Fix the fields listed in errors; nothing of the batch was accepted."
    KeyNotGoodForThis "key_not_good_for_this" [403] [Api] "This key lacks the required permission." "Issue a key with the required permission."
    KeyUnknown "key_unknown" [401] [Api] "This key was revoked, has expired or never existed." "Issue a new key."
    KeysFull "keys_full" [503] [Api] "The server has its maximum number of keys." "Try again after Retry-After."
    MessageExpired "message_expired" [401] [Api] "The message has expired." "Request a new message: POST /auth/nonce."
    MessageFromFuture "message_from_future" [401] [Api] "The message is dated in the future." "Set your clock, then request a new message."
    MessageNotYetValid "message_not_yet_valid" [401] [Api] "The message is not valid yet." "Request a new message: POST /auth/nonce."
    MessageTooOld "message_too_old" [401] [Api] "The message was written too long ago." "Request a new message: POST /auth/nonce."
    NoUniverse "no_universe" [409 503] [Api] "No universe is running yet." "Wait until one begins."
    NonceMismatch "nonce_mismatch" [401] [Api] "The message contains another nonce than the one issued." "Request a new message: POST /auth/nonce."
    NonceUnknown "nonce_unknown" [401] [Api] "The nonce was used, has expired or was not issued for this address." "Request a new message: POST /auth/nonce."
    NotAPlayer "not_a_player" [403] [Api] "This operation is for players, not for bots." "Log in with a wallet."
    NotAdmin "not_admin" [403] [Api] "This operation requires the admin role." "Log in as the operator."
    NotClaimable "not_claimable" [409] [Api] "Only starting factions that are still alive can be claimed." "Choose another faction."
    NotYourFaction "not_your_faction" [403] [Api] "You do not hold the faction of these orders, or no longer." "Claim it, or order your own faction."
    OpaqueTokenCharacters "opaque_token_characters" [401] [Api] "The token contains invalid characters." "Copy the whole token exactly as issued."
    OpaqueTokenChecksum "opaque_token_checksum" [401] [Api] "The checksum of the token is wrong." "Copy the whole token exactly as issued."
    OpaqueTokenKind "opaque_token_kind" [401] [Api] "The token is of the wrong kind for this operation." "Send the kind of token that the operation requires."
    OpaqueTokenLength "opaque_token_length" [401] [Api] "The token has the wrong length." "Copy the whole token exactly as issued."
    OperatorCodeUnknown "operator_code_unknown" [401] [Api] "The code was used, has expired or was never issued." "Get a new link: sector operator link."
    OperatorHasNoSeat "operator_has_no_seat" [403] [Api] "The operator's link is no player: it cannot hold a faction." "Log in with a wallet or as a guest to play."
    OrderBacklogFull "order_backlog_full" [503] [Api] "Too many orders are already waiting." "Try again after Retry-After, once the sector is ticking."
    RecordedRun "recorded_run" [403] [Frontend] "This is a recorded run; nobody can play in it." "Watch it; to play, open a live sector."
    RefreshTokenBusy "refresh_token_busy" [409] [Api] "The same session is being renewed by another request." "Try again, or use the token that the other request received."
    RefreshTokenReused "refresh_token_reused" [401] [Api] "The refresh token was already used, so someone may have a copy; the session has been ended." "Log in again."
    RefreshTokenUnknown "refresh_token_unknown" [401] [Api] "The session has ended or never existed." "Log in again."
    RequestUnderWay "request_under_way" [409] [Api] "A request with this Idempotency-Key is in progress." "Wait, then repeat the request with the same key to get its response."
    RunNotOver "run_not_over" [409] [Minter] "The run has not ended yet." "Try again when it has ended."
    RunOver "run_over" [409] [Api] "The run has ended; its universe accepts no more orders." "Wait for the next universe."
    SchemeMismatch "scheme_mismatch" [401] [Api] "The message names another scheme." "Request a new message: POST /auth/nonce."
    SessionEnded "session_ended" [401] [Api] "You signed out, or the session has expired." "Log in again."
    SignatureContractWallet "signature_contract_wallet" [401] [Api] "The signature is that of a contract wallet, such as a Safe or a passkey wallet, which cannot log in here." "Sign in with a wallet that has a private key of its own, or as a guest."
    SignatureHighS "signature_high_s" [401] [Api] "The signature is not in canonical form." "Sign with the lower value of s, as wallets do."
    SignatureInvalid "signature_invalid" [401] [Api] "The signature is not valid for any key." "Sign the message unchanged."
    SignatureLength "signature_length" [401] [Api] "The signature is neither 65 nor 64 bytes long." "Send what personal_sign returned."
    SignatureNotHex "signature_not_hex" [401] [Api] "The signature is not 0x followed by hexadecimal digits." "Send what personal_sign returned."
    SignatureRecoveryByte "signature_recovery_byte" [401] [Api] "The last byte of the signature is not 0, 1, 27 or 28." "Send what personal_sign returned."
    Stopping "stopping" [503] [Api] "This server is shutting down." "Try again after Retry-After, or use another server."
    StoreUnavailable "store_unavailable" [503] [Api Frontend Minter] "The store cannot be reached." "Try again after Retry-After."
    TokenAlgorithm "token_algorithm" [401] [Api] "The token is signed with another algorithm." "Renew the session (POST /auth/refresh), or log in again."
    TokenAudience "token_audience" [401] [Api] "The token is for another service." "Renew the session (POST /auth/refresh), or log in again."
    TokenClaims "token_claims" [401] [Api] "The claims of the token cannot be read." "Renew the session (POST /auth/refresh), or log in again."
    TokenCritical "token_critical" [401] [Api] "The token requires unsupported extensions." "Renew the session (POST /auth/refresh), or log in again."
    TokenExpired "token_expired" [401] [Api] "The token has expired." "Renew the session (POST /auth/refresh), or log in again."
    TokenFromFuture "token_from_future" [401] [Api] "The token is dated in the future." "Renew the session (POST /auth/refresh), or log in again."
    TokenHeader "token_header" [401] [Api] "The header of the token cannot be read." "Renew the session (POST /auth/refresh), or log in again."
    TokenIssuer "token_issuer" [401] [Api] "The token was issued by another service." "Renew the session (POST /auth/refresh), or log in again."
    TokenKeyMissing "token_key_missing" [401] [Api] "The token does not name its key." "Renew the session (POST /auth/refresh), or log in again."
    TokenKeyUnknown "token_key_unknown" [401] [Api] "The token is signed with a key that this server does not know, or no longer." "Renew the session (POST /auth/refresh), or log in again."
    TokenLifetime "token_lifetime" [401] [Api] "The lifetime of the token is longer than allowed." "Renew the session (POST /auth/refresh), or log in again."
    TokenMalformed "token_malformed" [401] [Api] "The token is malformed." "Send the token exactly as issued."
    TokenRole "token_role" [401] [Api] "The role in the token is unknown." "Renew the session (POST /auth/refresh), or log in again."
    TokenSignature "token_signature" [401] [Api] "The signature of the token is wrong." "Renew the session (POST /auth/refresh), or log in again."
    TooManyKeys "too_many_keys" [409] [Api] "You have the maximum number of keys." "Revoke one: DELETE /keys/{id}."
    TooManyReplays "too_many_replays" [503] [Api] "The maximum number of replays is being prepared." "Try again after Retry-After."
    TooManySectors "too_many_sectors" [503] [Api Frontend] "The server has its maximum number of sectors open." "Try again after Retry-After."
    TooManyStreams "too_many_streams" [429 503] [Api] "This address, or the server, has its maximum number of streams open." "Close one, try again after Retry-After, or use GET /events."
    TwoCredentials "two_credentials" [400] [Api] "The request has both Authorization and X-Bot-Token." "Send only one of them."
    Unauthenticated "unauthenticated" [401] [Api] "This operation requires credentials." "Log in, and send the token in the Authorization header."
    UnknownFaction "unknown_faction" [400 404] [Api] "This universe has no such faction, or it has been eliminated." "Use an id that GET /factions lists."
    UnknownFleet "unknown_fleet" [400] [Api] "This universe has no such fleet, or no longer." "Use an id from the newest snapshot."
    UnknownKey "unknown_key" [404] [Api] "You have no key with this id." "Use an id that GET /keys lists."
    UnknownReceipt "unknown_receipt" [404] [Api] "The receipt is not yours, never existed, or is no longer kept." "Use an id that POST /orders returned; the newest are kept."
    UnknownRun "unknown_run" [404] [Api Minter] "No current or kept run has this name." "Use a name that GET /runs lists."
    UnknownSector "unknown_sector" [404] [Api Frontend] "No sector has this name." "Use a name that GET /sectors lists."
    UnknownSystem "unknown_system" [400 404] [Api] "This universe has no such system." "Use an id from the snapshot."
    UriMismatch "uri_mismatch" [401] [Api] "The message names another URI." "Request a new message: POST /auth/nonce."
    WrongSigner "wrong_signer" [401] [Api] "The message was signed by another key." "Sign with the wallet that requested the message; contract wallets cannot log in."
}

impl Code {
    /// The codes that a service answers, in the order of their names.
    pub fn of(service: Service) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |code| code.services().contains(&service))
    }
}

impl From<Code> for &'static str {
    fn from(code: Code) -> Self {
        code.name()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique_and_texts_are_sentences() {
        assert!(Code::ALL.is_sorted_by(|one, next| one.name() < next.name()));
        for code in Code::ALL {
            let name = code.name();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert!(code.statuses().iter().all(|status| (400..600).contains(status)), "{name}");
            for text in [code.meaning(), code.remedy()] {
                assert!(text.ends_with('.') && !text.contains(['\n', '|']), "{name}: {text}");
            }
            assert_eq!(serde_json::to_value(code).unwrap(), name);
        }
    }
}
