//! Why something was refused: one variant a reason, each with a stable code.
//!
//! The sentences are fit for the caller's eyes: they repeat what the caller sent (cut to a bounded
//! length) and what is allowed, never a secret.

use crate::{Address, Role, Timestamp};

/// Longest piece of a caller's value that an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 80;

/// Everything that can be wrong with an address, key, login message, signature, token
/// or secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Text that is not an address at all.
    #[error("address {value:?} is not 0x followed by 40 hexadecimal digits")]
    AddressMalformed {
        /// What was given.
        value: String,
    },
    /// Mixed case whose capitals are not those of EIP-55: most likely a typing error.
    #[error("address {value} has a wrong checksum; with the right one it is {expected}")]
    AddressChecksum {
        /// What was given.
        value: String,
        /// The same digits with the right capitals.
        expected: Address,
    },
    /// Not a usable secp256k1 private key. The value is not repeated: it may be a secret.
    #[error(
        "a private key is 64 hexadecimal digits (optionally after 0x), not zero and below the order of secp256k1"
    )]
    KeyMalformed,
    /// A secret given as the empty string.
    #[error("a secret may not be empty; leave it out instead")]
    SecretEmpty,
    /// A role name nobody has.
    #[error(
        "role {value:?} is unknown; allowed are anonymous, player, bot_key, bot_service and admin"
    )]
    RoleUnknown {
        /// What was given.
        value: String,
    },
    /// A scope that no bot key can have.
    #[error("scope {value:?} is unknown; allowed are read and orders")]
    ScopeUnknown {
        /// What was given.
        value: String,
    },
    /// A bot key that could do nothing.
    #[error("a key needs at least one scope; allowed are read and orders")]
    ScopesEmpty,
    /// Text that is not the id of a session, a token or a key.
    #[error("id {value:?} is not 32 lower-case hexadecimal digits")]
    TokenIdMalformed {
        /// What was given.
        value: String,
    },
    /// Text that is not a digest as it is stored.
    #[error("the digest of a secret is 64 lower-case hexadecimal digits")]
    SecretHashMalformed,
    /// Too few or too many shared tokens at once.
    #[error("{count} shared tokens were given; allowed are 1 to {allowed}")]
    SharedTokensCount {
        /// How many were given.
        count: usize,
        /// How many there may be.
        allowed: usize,
    },

    /// A secret of another kind than the one wanted here, or no secret of ours. Not repeated.
    #[error("this is not a {wanted}; one begins with {prefix}")]
    OpaqueTokenKind {
        /// What is wanted, in words.
        wanted: &'static str,
        /// How one begins.
        prefix: &'static str,
    },
    /// A secret that was cut, or had something added.
    #[error("the {kind} has {characters} characters after its prefix; it must have {expected}")]
    OpaqueTokenLength {
        /// What it is, in words.
        kind: &'static str,
        /// How many there are.
        characters: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A secret with a character that none has.
    #[error(
        "the {kind} has a character that none has: only digits and letters, without 0, O, I and l"
    )]
    OpaqueTokenCharacters {
        /// What it is, in words.
        kind: &'static str,
    },
    /// A secret with a typing error.
    #[error("the {kind} has a typing error: its checksum is wrong")]
    OpaqueTokenChecksum {
        /// What it is, in words.
        kind: &'static str,
    },

    /// Text that is not an RFC 3339 time between 1970 and 9999.
    #[error("time {value:?} is not RFC 3339 between 1970 and 9999, such as 2026-11-22T08:00:00Z")]
    TimeMalformed {
        /// What was given.
        value: String,
    },

    /// A login message that breaks the form of ERC-4361.
    #[error("login message, {field}: found {value:?}, allowed is {allowed}")]
    MessageMalformed {
        /// The field or line at fault, in the words of ERC-4361.
        field: &'static str,
        /// What was found.
        value: String,
        /// What is allowed there.
        allowed: &'static str,
    },
    /// A login message with a line that no field of ERC-4361 explains.
    #[error(
        "login message: the line {value:?} has no place there; a statement is one line, and nothing follows the last field"
    )]
    MessageExtraLine {
        /// The line.
        value: String,
    },
    /// A login message of another version of ERC-4361.
    #[error("the message is of version {found:?}; allowed is 1")]
    MessageVersion {
        /// The version in the message.
        found: String,
    },

    /// A signature that is not hexadecimal.
    #[error("the signature is not hexadecimal after 0x")]
    SignatureNotHex,
    /// A signature of the wrong length.
    #[error("the signature has {bytes} bytes; it must have 65 (r, s, v)")]
    SignatureLength {
        /// How many bytes were given.
        bytes: usize,
    },
    /// A recovery byte other than the four in use.
    #[error("the signature's recovery byte is {value}; allowed are 0, 1, 27 and 28")]
    SignatureRecoveryByte {
        /// The last byte of the signature.
        value: u8,
    },
    /// The second, equivalent form of a signature, refused so that each has exactly one form.
    #[error("the signature's s is in the upper half of its range; wallets sign with the lower")]
    SignatureHighS,
    /// Numbers that are no signature of anything.
    #[error("the signature's numbers are out of range or lead to no public key")]
    SignatureInvalid,
    /// A valid signature by somebody else, or of another text.
    #[error("the message was signed by {recovered}, not by {expected}")]
    WrongSigner {
        /// Who should have signed.
        expected: Address,
        /// Whose signature of this very text it is.
        recovered: Address,
    },
    /// The message speaks for another address than the one logging in.
    #[error("the message is for address {found}, the login for {expected}")]
    AddressMismatch {
        /// Who is logging in.
        expected: Address,
        /// The address in the message.
        found: Address,
    },
    /// The message was written for another site: most likely phishing.
    #[error("the message is for domain {found:?}, this is {expected:?}")]
    DomainMismatch {
        /// This site.
        expected: String,
        /// The domain in the message.
        found: String,
    },
    /// The message was written for the same host under another scheme, such as http for https.
    #[error("the message is for scheme {found:?}, this is {expected:?}")]
    SchemeMismatch {
        /// The scheme of this site.
        expected: String,
        /// The scheme in the message.
        found: String,
    },
    /// The message signs in to something else on this site.
    #[error("the message is for URI {found:?}, this is {expected:?}")]
    UriMismatch {
        /// What is signed in to here.
        expected: String,
        /// The URI in the message.
        found: String,
    },
    /// The message carries another nonce than the one that was handed out.
    #[error("the message does not carry the nonce that was handed out for this login")]
    NonceMismatch,
    /// The message is bound to another chain.
    #[error("the message is for chain {found}, this sector expects chain {expected}")]
    ChainMismatch {
        /// The chain of this sector.
        expected: u64,
        /// The chain in the message.
        found: u64,
    },
    /// The message's expiration time has come.
    #[error("the message expired at {expired_at}")]
    MessageExpired {
        /// First instant at which it is no longer valid.
        expired_at: Timestamp,
    },
    /// The message's not-before time has not come.
    #[error("the message is not valid before {not_before}")]
    MessageNotYetValid {
        /// First instant at which it is valid.
        not_before: Timestamp,
    },
    /// The message claims to have been issued after now, beyond the allowed clock difference.
    #[error("the message says it was issued at {issued_at}, which is in the future")]
    MessageFromFuture {
        /// The time in the message.
        issued_at: Timestamp,
    },
    /// The message was issued too long ago, whatever it says of its own end.
    #[error(
        "the message was issued at {issued_at}; at most {age_seconds_max} s may pass before it is presented"
    )]
    MessageTooOld {
        /// The time in the message.
        issued_at: Timestamp,
        /// How old a message may be.
        age_seconds_max: u64,
    },

    /// A signing secret too short to resist guessing.
    #[error("the token secret has {bytes} bytes; at least 32 are needed")]
    TokenKeyTooShort {
        /// How many bytes were given.
        bytes: usize,
    },
    /// More keys than a rotation needs.
    #[error("{count} earlier token keys were given; at most {allowed} are kept")]
    TokenKeysTooMany {
        /// How many were given.
        count: usize,
        /// How many there may be.
        allowed: usize,
    },
    /// The same key twice: a rotation that changed nothing.
    #[error("the token key {id} was given twice")]
    TokenKeyRepeated {
        /// The key's public id.
        id: String,
    },
    /// A token could not be written.
    #[error("the token could not be issued: {detail}")]
    TokenNotIssued {
        /// What is wrong.
        detail: String,
    },
    /// Not a JWT in its compact form.
    #[error("the token is malformed: {detail}")]
    TokenMalformed {
        /// What is wrong with it.
        detail: String,
    },
    /// A header that no token of ours has.
    #[error("the token's header is not one of ours: {detail}")]
    TokenHeader {
        /// What is wrong with it.
        detail: String,
    },
    /// A token signed by another algorithm than HS256, `none` included.
    #[error("the token's algorithm is not HS256")]
    TokenAlgorithm,
    /// A header that demands an extension; there is none.
    #[error("the token's header has crit, and no extension is known here")]
    TokenCritical,
    /// A token that does not say by which key it was signed.
    #[error("the token's header has no kid; log in again")]
    TokenKeyMissing,
    /// A token signed by a key that is not, or no longer, in use.
    #[error("the token was signed by key {id:?}, which is not in use; log in again")]
    TokenKeyUnknown {
        /// The `kid` of the header.
        id: String,
    },
    /// The token's signature is not ours.
    #[error("the token's signature is wrong")]
    TokenSignature,
    /// Claims of another set or type than those of ours: missing, unknown, twice, or no text or
    /// number where one should be.
    #[error("the token's claims are not those of ours: {detail}")]
    TokenClaims {
        /// What is wrong with them.
        detail: String,
    },
    /// A role that cannot log in, and so has no token.
    #[error("the token is for role {role}, which has no tokens; allowed are player and admin")]
    TokenRole {
        /// The role in the token.
        role: Role,
    },
    /// A token that ends before it begins, or lives longer than any may.
    #[error(
        "the token lives from {issued_at} to {expires_at}; allowed are 1 to {ttl_seconds_max} s"
    )]
    TokenLifetime {
        /// When it says it was issued.
        issued_at: Timestamp,
        /// When it says it ends.
        expires_at: Timestamp,
        /// How long a token may live.
        ttl_seconds_max: u64,
    },
    /// The token's life is over.
    #[error("the token expired at {expired_at}; log in again")]
    TokenExpired {
        /// First instant at which it is no longer valid.
        expired_at: Timestamp,
    },
    /// The token claims to have been issued after now, beyond the allowed clock difference.
    #[error("the token says it was issued at {issued_at}, which is in the future")]
    TokenFromFuture {
        /// The time in the token.
        issued_at: Timestamp,
    },
    /// The token was issued by another sector.
    #[error("the token was issued by {found:?}, expected is {expected:?}")]
    TokenIssuer {
        /// Our issuer name.
        expected: String,
        /// The issuer in the token.
        found: String,
    },
    /// The token was issued for another service.
    #[error("the token is for {found:?}, expected is {expected:?}")]
    TokenAudience {
        /// Our audience name.
        expected: String,
        /// The audience in the token.
        found: String,
    },
}

impl AuthError {
    /// Every code there is, for a catalogue.
    pub const CODES: [&str; 52] = [
        "address_malformed",
        "address_checksum",
        "key_malformed",
        "secret_empty",
        "role_unknown",
        "scope_unknown",
        "scopes_empty",
        "token_id_malformed",
        "secret_hash_malformed",
        "shared_tokens_count",
        "opaque_token_kind",
        "opaque_token_length",
        "opaque_token_characters",
        "opaque_token_checksum",
        "time_malformed",
        "message_malformed",
        "message_extra_line",
        "message_version",
        "signature_not_hex",
        "signature_length",
        "signature_recovery_byte",
        "signature_high_s",
        "signature_invalid",
        "wrong_signer",
        "address_mismatch",
        "domain_mismatch",
        "scheme_mismatch",
        "uri_mismatch",
        "nonce_mismatch",
        "chain_mismatch",
        "message_expired",
        "message_not_yet_valid",
        "message_from_future",
        "message_too_old",
        "token_key_too_short",
        "token_keys_too_many",
        "token_key_repeated",
        "token_not_issued",
        "token_malformed",
        "token_header",
        "token_algorithm",
        "token_critical",
        "token_key_missing",
        "token_key_unknown",
        "token_signature",
        "token_claims",
        "token_role",
        "token_lifetime",
        "token_expired",
        "token_from_future",
        "token_issuer",
        "token_audience",
    ];

    /// The reason as a stable snake-case word for programs; never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AddressMalformed { .. } => "address_malformed",
            Self::AddressChecksum { .. } => "address_checksum",
            Self::KeyMalformed => "key_malformed",
            Self::SecretEmpty => "secret_empty",
            Self::RoleUnknown { .. } => "role_unknown",
            Self::ScopeUnknown { .. } => "scope_unknown",
            Self::ScopesEmpty => "scopes_empty",
            Self::TokenIdMalformed { .. } => "token_id_malformed",
            Self::SecretHashMalformed => "secret_hash_malformed",
            Self::SharedTokensCount { .. } => "shared_tokens_count",
            Self::OpaqueTokenKind { .. } => "opaque_token_kind",
            Self::OpaqueTokenLength { .. } => "opaque_token_length",
            Self::OpaqueTokenCharacters { .. } => "opaque_token_characters",
            Self::OpaqueTokenChecksum { .. } => "opaque_token_checksum",
            Self::TimeMalformed { .. } => "time_malformed",
            Self::MessageMalformed { .. } => "message_malformed",
            Self::MessageExtraLine { .. } => "message_extra_line",
            Self::MessageVersion { .. } => "message_version",
            Self::SignatureNotHex => "signature_not_hex",
            Self::SignatureLength { .. } => "signature_length",
            Self::SignatureRecoveryByte { .. } => "signature_recovery_byte",
            Self::SignatureHighS => "signature_high_s",
            Self::SignatureInvalid => "signature_invalid",
            Self::WrongSigner { .. } => "wrong_signer",
            Self::AddressMismatch { .. } => "address_mismatch",
            Self::DomainMismatch { .. } => "domain_mismatch",
            Self::SchemeMismatch { .. } => "scheme_mismatch",
            Self::UriMismatch { .. } => "uri_mismatch",
            Self::NonceMismatch => "nonce_mismatch",
            Self::ChainMismatch { .. } => "chain_mismatch",
            Self::MessageExpired { .. } => "message_expired",
            Self::MessageNotYetValid { .. } => "message_not_yet_valid",
            Self::MessageFromFuture { .. } => "message_from_future",
            Self::MessageTooOld { .. } => "message_too_old",
            Self::TokenKeyTooShort { .. } => "token_key_too_short",
            Self::TokenKeysTooMany { .. } => "token_keys_too_many",
            Self::TokenKeyRepeated { .. } => "token_key_repeated",
            Self::TokenNotIssued { .. } => "token_not_issued",
            Self::TokenMalformed { .. } => "token_malformed",
            Self::TokenHeader { .. } => "token_header",
            Self::TokenAlgorithm => "token_algorithm",
            Self::TokenCritical => "token_critical",
            Self::TokenKeyMissing => "token_key_missing",
            Self::TokenKeyUnknown { .. } => "token_key_unknown",
            Self::TokenSignature => "token_signature",
            Self::TokenClaims { .. } => "token_claims",
            Self::TokenRole { .. } => "token_role",
            Self::TokenLifetime { .. } => "token_lifetime",
            Self::TokenExpired { .. } => "token_expired",
            Self::TokenFromFuture { .. } => "token_from_future",
            Self::TokenIssuer { .. } => "token_issuer",
            Self::TokenAudience { .. } => "token_audience",
        }
    }
}

/// The beginning of a caller's value, short enough to be repeated in an error.
pub(crate) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows an arrow in this file is a code.
    #[test]
    fn the_catalogue_of_codes_is_complete_and_none_is_there_twice() {
        let source = include_str!("error.rs");
        let written: Vec<&str> = source
            .lines()
            .filter_map(|line| line.trim().split_once("=> \"")?.1.strip_suffix("\","))
            .collect();
        assert_eq!(written, AuthError::CODES);
        let mut sorted = written.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), written.len());
        assert!(
            written
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
