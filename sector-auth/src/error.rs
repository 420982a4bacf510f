//! Reasons for a refusal, one variant each, with a stable code.
//!
//! Messages may be shown to the caller: they repeat what the caller sent (truncated) and what is
//! allowed, never a secret.

use crate::{Address, Role, Timestamp};

/// Longest part of a caller's value that an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 80;

/// Why an address, key, login message, signature, token or secret was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Not an address.
    #[error("invalid address {value:?}: expected 0x and 40 hexadecimal digits")]
    AddressMalformed {
        /// Value given.
        value: String,
    },
    /// Mixed case that does not match the EIP-55 checksum, most likely because of a typing error.
    #[error("address {value} has a wrong checksum; the correct spelling is {expected}")]
    AddressChecksum {
        /// Value given.
        value: String,
        /// The same digits with the correct checksum.
        expected: Address,
    },
    /// Not a usable secp256k1 private key. The value is not repeated: it may be a secret.
    #[error(
        "invalid private key: expected 64 hexadecimal digits (optionally after 0x), not zero and below the order of secp256k1"
    )]
    KeyMalformed,
    /// An empty secret.
    #[error("a secret must not be empty; leave it out instead")]
    SecretEmpty,
    /// An unknown role.
    #[error("unknown role {value:?}; allowed: anonymous, player, bot_key, bot_service, admin")]
    RoleUnknown {
        /// Value given.
        value: String,
    },
    /// An unknown scope of a bot key.
    #[error("unknown scope {value:?}; allowed: read, orders")]
    ScopeUnknown {
        /// Value given.
        value: String,
    },
    /// A bot key without scopes.
    #[error("a key needs at least one scope; allowed: read, orders")]
    ScopesEmpty,
    /// Not the id of a session, token or key.
    #[error("invalid id {value:?}: expected 32 lower-case hexadecimal digits")]
    TokenIdMalformed {
        /// Value given.
        value: String,
    },
    /// Not the stored digest of a secret.
    #[error("invalid digest of a secret: expected 64 lower-case hexadecimal digits")]
    SecretHashMalformed,
    /// Too few or too many shared tokens.
    #[error("the number of shared tokens must be between 1 and {allowed} (got {count})")]
    SharedTokensCount {
        /// Number given.
        count: usize,
        /// Largest number allowed.
        allowed: usize,
    },

    /// A token of another kind. The message does not repeat it.
    #[error("not a {wanted}: expected a text that starts with {prefix}")]
    OpaqueTokenKind {
        /// Expected kind, in words.
        wanted: &'static str,
        /// Prefix of that kind.
        prefix: &'static str,
    },
    /// A token that is too short or too long.
    #[error("the {kind} must have {expected} characters after its prefix (got {characters})")]
    OpaqueTokenLength {
        /// Kind, in words.
        kind: &'static str,
        /// Number of characters given.
        characters: usize,
        /// Number of characters expected.
        expected: usize,
    },
    /// A token with a character outside of base 58.
    #[error(
        "the {kind} has an invalid character; allowed are digits and letters except 0, O, I and l"
    )]
    OpaqueTokenCharacters {
        /// Kind, in words.
        kind: &'static str,
    },
    /// A token with a typing error.
    #[error("the {kind} has a wrong checksum; check it for typing errors")]
    OpaqueTokenChecksum {
        /// Kind, in words.
        kind: &'static str,
    },

    /// Not an RFC 3339 time between 1970 and 9999.
    #[error(
        "invalid time {value:?}: expected RFC 3339 between 1970 and 9999, such as 2026-11-22T08:00:00Z"
    )]
    TimeMalformed {
        /// Value given.
        value: String,
    },

    /// A login message that violates ERC-4361.
    #[error("invalid login message: {field} is {value:?}; allowed: {allowed}")]
    MessageMalformed {
        /// Invalid field or line, as ERC-4361 calls it.
        field: &'static str,
        /// Value found.
        value: String,
        /// Allowed values, in words.
        allowed: &'static str,
    },
    /// A login message with a line that belongs to no field of ERC-4361.
    #[error(
        "invalid login message: unexpected line {value:?}; a statement is one line, and nothing follows the last field"
    )]
    MessageExtraLine {
        /// The line.
        value: String,
    },
    /// A login message with an unknown version of ERC-4361.
    #[error("unknown login message version {found:?}; allowed: 1")]
    MessageVersion {
        /// The version in the message.
        found: String,
    },

    /// A signature that is not hexadecimal.
    #[error("the signature must be hexadecimal after 0x")]
    SignatureNotHex,
    /// The signature of a contract wallet, which only its chain can check.
    #[error(
        "contract wallets cannot log in here: the signature has {bytes} bytes, wallets with a private key sign with 65"
    )]
    SignatureContractWallet {
        /// Number of bytes given.
        bytes: usize,
    },
    /// A signature of the wrong length.
    #[error("the signature must have 65 bytes (r, s, v), or 64 in compact form (got {bytes})")]
    SignatureLength {
        /// Number of bytes given.
        bytes: usize,
    },
    /// An unknown recovery byte.
    #[error("the signature's recovery byte must be 0, 1, 27 or 28 (got {value})")]
    SignatureRecoveryByte {
        /// The last byte of the signature.
        value: u8,
    },
    /// The second, equivalent form of a signature; refused because each must have one form only.
    #[error("the signature's s must be in the lower half of its range, as wallets sign")]
    SignatureHighS,
    /// Numbers that cannot be a signature.
    #[error("invalid signature: its numbers are out of range or yield no public key")]
    SignatureInvalid,
    /// A valid signature by another key, or of another text.
    #[error("the message was signed by {recovered}, not by {expected}")]
    WrongSigner {
        /// Expected signer.
        expected: Address,
        /// Signer of this text.
        recovered: Address,
    },
    /// The message is for another address than the one logging in.
    #[error("the message is for address {found}, expected {expected}")]
    AddressMismatch {
        /// Address logging in.
        expected: Address,
        /// The address in the message.
        found: Address,
    },
    /// The message was written for another site: most likely phishing.
    #[error("the message is for domain {found:?}, expected {expected:?}")]
    DomainMismatch {
        /// Domain of this site.
        expected: String,
        /// The domain in the message.
        found: String,
    },
    /// The message was written for the same host under another scheme, such as http for https.
    #[error("the message is for scheme {found:?}, expected {expected:?}")]
    SchemeMismatch {
        /// The scheme of this site.
        expected: String,
        /// The scheme in the message.
        found: String,
    },
    /// The message is for another URI of this site.
    #[error("the message is for URI {found:?}, expected {expected:?}")]
    UriMismatch {
        /// URI of this login.
        expected: String,
        /// The URI in the message.
        found: String,
    },
    /// The message has another nonce than the one issued.
    #[error("the message does not contain the nonce that was issued for this login")]
    NonceMismatch,
    /// The message is bound to another chain.
    #[error("the message is for chain {found}, expected {expected}")]
    ChainMismatch {
        /// The chain of this sector.
        expected: u64,
        /// The chain in the message.
        found: u64,
    },
    /// The message has expired.
    #[error("the message expired at {expired_at}")]
    MessageExpired {
        /// First instant at which it is no longer valid.
        expired_at: Timestamp,
    },
    /// The message is not valid yet.
    #[error("the message is not valid before {not_before}")]
    MessageNotYetValid {
        /// First instant at which it is valid.
        not_before: Timestamp,
    },
    /// The message was issued in the future, beyond the allowed clock difference.
    #[error("the message was issued in the future, at {issued_at}; check the clocks")]
    MessageFromFuture {
        /// The time in the message.
        issued_at: Timestamp,
    },
    /// The message was issued too long ago, whatever its expiration time.
    #[error("the message was issued at {issued_at}, more than {age_seconds_max} s ago")]
    MessageTooOld {
        /// The time in the message.
        issued_at: Timestamp,
        /// Largest age allowed, in seconds.
        age_seconds_max: u64,
    },

    /// A signing secret that is short enough to guess.
    #[error("the token secret must have at least 32 bytes (got {bytes})")]
    TokenKeyTooShort {
        /// Number of bytes given.
        bytes: usize,
    },
    /// More previous keys than a rotation needs.
    #[error("at most {allowed} previous token keys are allowed (got {count})")]
    TokenKeysTooMany {
        /// Number given.
        count: usize,
        /// Largest number allowed.
        allowed: usize,
    },
    /// The same key twice, so a rotation that changed nothing.
    #[error("token key {id} was given twice")]
    TokenKeyRepeated {
        /// Public id of the key.
        id: String,
    },
    /// The token cannot be issued.
    #[error("cannot issue the token: {detail}")]
    TokenNotIssued {
        /// What is wrong.
        detail: String,
    },
    /// Not a compact JWT.
    #[error("the token is malformed: {detail}")]
    TokenMalformed {
        /// What is wrong with it.
        detail: String,
    },
    /// A header that no token of this issuer has.
    #[error("invalid token header: {detail}")]
    TokenHeader {
        /// What is wrong with it.
        detail: String,
    },
    /// A token with another algorithm than HS256, including `none`.
    #[error("the token's algorithm must be HS256")]
    TokenAlgorithm,
    /// A header that requires an extension; none is supported.
    #[error("the token's header has crit, but no extensions are supported")]
    TokenCritical,
    /// A token without the id of its key.
    #[error("the token's header has no kid; renew the session, or log in again")]
    TokenKeyMissing,
    /// A token signed with a key that is not in use (any more).
    #[error(
        "the token was signed with key {id:?}, which is not in use; renew the session, or log in again"
    )]
    TokenKeyUnknown {
        /// The `kid` of the header.
        id: String,
    },
    /// The token was not signed with this key.
    #[error("the token's signature is wrong")]
    TokenSignature,
    /// Missing, unknown or repeated claims, or claims of the wrong type.
    #[error("invalid token claims: {detail}")]
    TokenClaims {
        /// What is wrong with them.
        detail: String,
    },
    /// A role that cannot log in.
    #[error("role {role} cannot have tokens; allowed: player, admin")]
    TokenRole {
        /// Role in the token.
        role: Role,
    },
    /// A token that ends before it begins, or lives too long.
    #[error(
        "the token is valid from {issued_at} to {expires_at}; its lifetime must be 1 to {ttl_seconds_max} s"
    )]
    TokenLifetime {
        /// Time of issue in the token.
        issued_at: Timestamp,
        /// Expiry in the token.
        expires_at: Timestamp,
        /// Longest lifetime allowed, in seconds.
        ttl_seconds_max: u64,
    },
    /// The token has expired.
    #[error("the token expired at {expired_at}; renew the session, or log in again")]
    TokenExpired {
        /// First instant at which it is no longer valid.
        expired_at: Timestamp,
    },
    /// The token was issued in the future, beyond the allowed clock difference.
    #[error("the token was issued in the future, at {issued_at}; check the clocks")]
    TokenFromFuture {
        /// The time in the token.
        issued_at: Timestamp,
    },
    /// The token was issued by another sector.
    #[error("the token was issued by {found:?}, expected {expected:?}")]
    TokenIssuer {
        /// Expected issuer.
        expected: String,
        /// The issuer in the token.
        found: String,
    },
    /// The token was issued for another service.
    #[error("the token is for {found:?}, expected {expected:?}")]
    TokenAudience {
        /// Expected audience.
        expected: String,
        /// The audience in the token.
        found: String,
    },
}

/// Gives every variant its code, each stated once.
macro_rules! codes {
    ($($variant:ident => $code:literal,)*) => {
        impl AuthError {
            /// All codes.
            pub const CODES: [&str; 53] = [$($code),*];

            /// Stable code in snake case, for programs; never changes once released.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)*
                }
            }
        }
    };
}

codes! {
    AddressMalformed => "address_malformed",
    AddressChecksum => "address_checksum",
    KeyMalformed => "key_malformed",
    SecretEmpty => "secret_empty",
    RoleUnknown => "role_unknown",
    ScopeUnknown => "scope_unknown",
    ScopesEmpty => "scopes_empty",
    TokenIdMalformed => "token_id_malformed",
    SecretHashMalformed => "secret_hash_malformed",
    SharedTokensCount => "shared_tokens_count",
    OpaqueTokenKind => "opaque_token_kind",
    OpaqueTokenLength => "opaque_token_length",
    OpaqueTokenCharacters => "opaque_token_characters",
    OpaqueTokenChecksum => "opaque_token_checksum",
    TimeMalformed => "time_malformed",
    MessageMalformed => "message_malformed",
    MessageExtraLine => "message_extra_line",
    MessageVersion => "message_version",
    SignatureNotHex => "signature_not_hex",
    SignatureContractWallet => "signature_contract_wallet",
    SignatureLength => "signature_length",
    SignatureRecoveryByte => "signature_recovery_byte",
    SignatureHighS => "signature_high_s",
    SignatureInvalid => "signature_invalid",
    WrongSigner => "wrong_signer",
    AddressMismatch => "address_mismatch",
    DomainMismatch => "domain_mismatch",
    SchemeMismatch => "scheme_mismatch",
    UriMismatch => "uri_mismatch",
    NonceMismatch => "nonce_mismatch",
    ChainMismatch => "chain_mismatch",
    MessageExpired => "message_expired",
    MessageNotYetValid => "message_not_yet_valid",
    MessageFromFuture => "message_from_future",
    MessageTooOld => "message_too_old",
    TokenKeyTooShort => "token_key_too_short",
    TokenKeysTooMany => "token_keys_too_many",
    TokenKeyRepeated => "token_key_repeated",
    TokenNotIssued => "token_not_issued",
    TokenMalformed => "token_malformed",
    TokenHeader => "token_header",
    TokenAlgorithm => "token_algorithm",
    TokenCritical => "token_critical",
    TokenKeyMissing => "token_key_missing",
    TokenKeyUnknown => "token_key_unknown",
    TokenSignature => "token_signature",
    TokenClaims => "token_claims",
    TokenRole => "token_role",
    TokenLifetime => "token_lifetime",
    TokenExpired => "token_expired",
    TokenFromFuture => "token_from_future",
    TokenIssuer => "token_issuer",
    TokenAudience => "token_audience",
}

/// Truncates a caller's value for an error message.
pub(crate) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let mut sorted = AuthError::CODES;
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(
            sorted
                .iter()
                .all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        );
    }

    #[test]
    fn long_values_are_cut_at_a_character_boundary() {
        assert_eq!(shown("short"), "short");
        let cut = shown(&"星".repeat(200));
        assert_eq!(cut.chars().count(), 81);
        assert!(cut.ends_with('…'));
    }
}
