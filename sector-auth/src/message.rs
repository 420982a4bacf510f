//! Login messages: ERC-4361 (Sign-In with Ethereum), printed and parsed.
//!
//! Kept by hand: the parser must be stricter than the available libraries. Labels and order are
//! exact, the address has its checksum, and nothing comes before or after. Whatever ERC-4361 allows
//! beyond that (a non-ASCII statement, an address without checksum, leading zeros in the chain id)
//! is rejected: no wallet needs it, and each message must have one spelling. An empty statement and
//! an empty list of resources are read as absent.
//!
//! A [`LoginMessage`] cannot hold a value that would print as something else (a line break in the
//! statement, a space in the nonce), so printing and parsing are inverse to each other.

use std::fmt;
use std::str::FromStr;

use crate::error::shown;
use crate::{Address, AuthError, Timestamp};

/// Longest message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4_096;
/// Largest number of resources in a message.
pub const RESOURCES_MAX: usize = 16;
/// Shortest nonce, in characters (ERC-4361).
pub const NONCE_CHARACTERS_MIN: usize = 8;
/// Longest nonce, in characters.
pub const NONCE_CHARACTERS_MAX: usize = 128;

const HEADER: &str = " wants you to sign in with your Ethereum account:";

/// The fields of a login message, in the order of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFields {
    /// Scheme of the requesting site, printed before the domain with `://`.
    pub scheme: Option<String>,
    /// Authority of the requesting site (`host` or `host:port`); the wallet shows it.
    pub domain: String,
    /// Address that signs in.
    pub address: Address,
    /// Text for the user, on one line.
    pub statement: Option<String>,
    /// URI of the login.
    pub uri: String,
    /// Version of the message format; always `1`.
    pub version: u32,
    /// Chain id of the login (EIP-155).
    pub chain_id: u64,
    /// One-time value issued for this login: 8 to 128 letters and digits.
    pub nonce: String,
    /// Time at which the message was written.
    pub issued_at: Timestamp,
    /// First instant at which the message is no longer valid.
    pub expiration_time: Option<Timestamp>,
    /// First instant at which the message is valid.
    pub not_before: Option<Timestamp>,
    /// The server's id of this login attempt.
    pub request_id: Option<String>,
    /// Requested resources, as URIs.
    pub resources: Vec<String>,
}

impl LoginFields {
    /// The required fields; all others are empty.
    #[must_use]
    pub fn new(
        domain: impl Into<String>,
        address: Address,
        uri: impl Into<String>,
        chain_id: u64,
        nonce: impl Into<String>,
        issued_at: Timestamp,
    ) -> Self {
        Self {
            scheme: None,
            domain: domain.into(),
            address,
            statement: None,
            uri: uri.into(),
            version: 1,
            chain_id,
            nonce: nonce.into(),
            issued_at,
            expiration_time: None,
            not_before: None,
            request_id: None,
            resources: Vec::new(),
        }
    }
}

/// A valid login message.
///
/// [`Display`](fmt::Display) prints the text that the wallet signs, [`FromStr`] parses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginMessage {
    fields: LoginFields,
}

impl LoginMessage {
    /// A message with these fields.
    ///
    /// # Errors
    /// [`AuthError::MessageMalformed`] with the field that ERC-4361 does not allow.
    pub fn new(fields: LoginFields) -> Result<Self, AuthError> {
        check(&fields)?;
        let message = Self { fields };
        let bytes = message.to_string().len();
        if bytes > MESSAGE_BYTES_MAX {
            return Err(malformed("length", &format!("{bytes} bytes"), "at most 4096 bytes"));
        }
        Ok(message)
    }

    /// Parses a message. Do not trust it before [`verify`](crate::verify()) has accepted it; until
    /// then, use its nonce only to look up the login.
    ///
    /// # Errors
    /// [`AuthError::MessageMalformed`] with field, value and allowed values,
    /// [`AuthError::MessageExtraLine`], [`AuthError::MessageVersion`], and the errors of
    /// [`Address`].
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        text.parse()
    }

    /// Fields of the message.
    #[must_use]
    pub fn fields(&self) -> &LoginFields {
        &self.fields
    }
}

impl fmt::Display for LoginMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = &self.fields;
        if let Some(scheme) = &fields.scheme {
            write!(formatter, "{scheme}://")?;
        }
        write!(formatter, "{}{HEADER}\n{}\n\n", fields.domain, fields.address)?;
        if let Some(statement) = &fields.statement {
            writeln!(formatter, "{statement}")?;
        }
        write!(formatter, "\nURI: {}", fields.uri)?;
        write!(formatter, "\nVersion: {}", fields.version)?;
        write!(formatter, "\nChain ID: {}", fields.chain_id)?;
        write!(formatter, "\nNonce: {}", fields.nonce)?;
        write!(formatter, "\nIssued At: {}", fields.issued_at)?;
        if let Some(time) = fields.expiration_time {
            write!(formatter, "\nExpiration Time: {time}")?;
        }
        if let Some(time) = fields.not_before {
            write!(formatter, "\nNot Before: {time}")?;
        }
        if let Some(request_id) = &fields.request_id {
            write!(formatter, "\nRequest ID: {request_id}")?;
        }
        if !fields.resources.is_empty() {
            formatter.write_str("\nResources:")?;
            for resource in &fields.resources {
                write!(formatter, "\n- {resource}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for LoginMessage {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(malformed(
                "length",
                &format!("{} bytes", text.len()),
                "at most 4096 bytes",
            ));
        }
        let mut lines = Lines { lines: text.split('\n').collect(), next: 0 };

        let header = lines.take("header")?;
        let origin = header.strip_suffix(HEADER).ok_or_else(|| {
            malformed(
                "header",
                header,
                "a domain and ' wants you to sign in with your Ethereum account:'",
            )
        })?;
        let (scheme, domain) = match origin.split_once("://") {
            Some((scheme, domain)) => (Some(scheme.to_owned()), domain),
            None => (None, origin),
        };
        let address = checksummed(lines.take("address")?)?;
        lines.take_blank("line after the address")?;
        let statement = match lines.take("statement")? {
            "" => {
                // An empty statement still has its line.
                if lines.peek() == Some("") {
                    lines.next += 1;
                }
                None
            }
            statement => {
                match lines.take("line after the statement")? {
                    "" => {}
                    extra => return Err(AuthError::MessageExtraLine { value: shown(extra) }),
                }
                Some(statement.to_owned())
            }
        };
        let uri = lines.take_labelled("URI")?.to_owned();
        let version = match lines.take_labelled("Version")? {
            "1" => 1,
            other => return Err(AuthError::MessageVersion { found: shown(other) }),
        };
        let chain_id = decimal(lines.take_labelled("Chain ID")?)?;
        let nonce = lines.take_labelled("Nonce")?.to_owned();
        let issued_at = time("Issued At", lines.take_labelled("Issued At")?)?;
        let expiration_time = lines.take_if_labelled("Expiration Time: ");
        let expiration_time =
            expiration_time.map(|text| time("Expiration Time", text)).transpose()?;
        let not_before = lines.take_if_labelled("Not Before: ");
        let not_before = not_before.map(|text| time("Not Before", text)).transpose()?;
        let request_id = lines.take_if_labelled("Request ID: ").map(str::to_owned);
        let mut resources = Vec::new();
        if lines.peek() == Some("Resources:") {
            lines.next += 1;
            while let Some(resource) = lines.take_if_labelled("- ") {
                resources.push(resource.to_owned());
            }
        }
        if let Some(rest) = lines.peek() {
            return Err(AuthError::MessageExtraLine { value: shown(rest) });
        }

        Self::new(LoginFields {
            scheme,
            domain: domain.to_owned(),
            address,
            statement,
            uri,
            version,
            chain_id,
            nonce,
            issued_at,
            expiration_time,
            not_before,
            request_id,
            resources,
        })
    }
}

/// Cursor over the lines of a message.
struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    fn take(&mut self, field: &'static str) -> Result<&'a str, AuthError> {
        let line = self.peek().ok_or_else(|| malformed(field, "", "another line"))?;
        self.next += 1;
        Ok(line)
    }

    fn take_blank(&mut self, field: &'static str) -> Result<(), AuthError> {
        match self.take(field)? {
            "" => Ok(()),
            line => Err(malformed(field, line, "an empty line")),
        }
    }

    fn take_labelled(&mut self, field: &'static str) -> Result<&'a str, AuthError> {
        let line = self.take(field)?;
        let value = line.strip_prefix(field).and_then(|rest| rest.strip_prefix(": "));
        value.ok_or_else(|| malformed(field, line, "a line that starts with this field's name"))
    }

    fn take_if_labelled(&mut self, label: &str) -> Option<&'a str> {
        let value = self.peek()?.strip_prefix(label)?;
        self.next += 1;
        Some(value)
    }
}

fn checksummed(text: &str) -> Result<Address, AuthError> {
    let address: Address = text.parse()?;
    if address.to_checksum() == text {
        Ok(address)
    } else {
        Err(AuthError::AddressChecksum { value: shown(text), expected: address })
    }
}

fn decimal(text: &str) -> Result<u64, AuthError> {
    let refused = || malformed("Chain ID", text, "a decimal number without sign or leading zeros");
    let number: u64 = text.parse().map_err(|_| refused())?;
    // `parse` accepts spellings such as "+1" and "01"; reject them.
    if number.to_string() == text { Ok(number) } else { Err(refused()) }
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, AuthError> {
    text.parse()
        .map_err(|_| malformed(field, text, "an RFC 3339 time such as 2026-11-22T08:00:00Z"))
}

fn check(fields: &LoginFields) -> Result<(), AuthError> {
    if let Some(scheme) = &fields.scheme {
        require(
            is_scheme(scheme),
            "scheme",
            scheme,
            "a letter, then letters, digits, '+', '-' and '.'",
        )?;
    }
    require(
        !fields.domain.is_empty() && fields.domain.bytes().all(is_authority_byte),
        "domain",
        &fields.domain,
        "an authority: a host with an optional port",
    )?;
    if let Some(statement) = &fields.statement {
        require(
            !statement.is_empty() && statement.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "statement",
            statement,
            "one line of printable ASCII",
        )?;
    }
    require(is_uri(&fields.uri), "URI", &fields.uri, "a URI with a scheme (RFC 3986)")?;
    if fields.version != 1 {
        return Err(AuthError::MessageVersion { found: fields.version.to_string() });
    }
    require(
        (NONCE_CHARACTERS_MIN..=NONCE_CHARACTERS_MAX).contains(&fields.nonce.len())
            && fields.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "Nonce",
        &fields.nonce,
        "8 to 128 letters and digits",
    )?;
    if let Some(request_id) = &fields.request_id {
        require(
            request_id.bytes().all(|byte| is_uri_byte(byte) && !b"/?#[]".contains(&byte))
                && escapes_are_whole(request_id),
            "Request ID",
            request_id,
            "characters of a URI path segment",
        )?;
    }
    if fields.resources.len() > RESOURCES_MAX {
        return Err(malformed(
            "Resources",
            &format!("{} lines", fields.resources.len()),
            "at most 16",
        ));
    }
    for resource in &fields.resources {
        require(is_uri(resource), "Resources", resource, "a URI with a scheme (RFC 3986)")?;
    }
    Ok(())
}

fn require(
    holds: bool,
    field: &'static str,
    value: &str,
    allowed: &'static str,
) -> Result<(), AuthError> {
    if holds { Ok(()) } else { Err(malformed(field, value, allowed)) }
}

fn malformed(field: &'static str, value: &str, allowed: &'static str) -> AuthError {
    AuthError::MessageMalformed { field, value: shown(value), allowed }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme))
        && text.bytes().all(is_uri_byte)
        && escapes_are_whole(text)
}

/// Whether every percent sign is followed by two hexadecimal digits.
fn escapes_are_whole(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// Whether RFC 3986 reserves or allows the character, or it is the percent sign.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn is_authority_byte(byte: u8) -> bool {
    is_uri_byte(byte) && !b"/?#".contains(&byte)
}

#[cfg(test)]
mod tests;
