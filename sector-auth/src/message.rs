//! The login message: ERC-4361 (Sign-In with Ethereum), printed and parsed.
//!
//! A [`LoginMessage`] cannot hold a value that would print as something else (a line break in the
//! statement, a space in the nonce), so printing and parsing are inverse to each other. The parser
//! is strict: exact labels, exact order, the address with its checksum, nothing before or after.
//! An empty statement and an empty list of resources, which the form allows, are read as none.
//! Where the form is looser than that (a statement beyond ASCII, an address without capitals, a chain
//! with leading zeros), messages are refused: no wallet needs them, and two spellings of one thing
//! are one too many.

use std::fmt;
use std::str::FromStr;

use crate::error::shown;
use crate::{Address, AuthError, Timestamp};

/// Longest message that is parsed or printed, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4_096;
/// Most resources a message may list.
pub const RESOURCES_MAX: usize = 16;
/// Shortest nonce, in characters (ERC-4361).
pub const NONCE_CHARACTERS_MIN: usize = 8;
/// Longest nonce, in characters.
pub const NONCE_CHARACTERS_MAX: usize = 128;

const HEADER: &str = " wants you to sign in with your Ethereum account:";

/// The fields of a login message, in the order of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFields {
    /// Scheme of the site that asks, printed before the domain with `://`.
    pub scheme: Option<String>,
    /// Authority of the site that asks (`host` or `host:port`); the wallet shows it.
    pub domain: String,
    /// Who signs in.
    pub address: Address,
    /// A sentence for the person, on one line.
    pub statement: Option<String>,
    /// What is signed in to.
    pub uri: String,
    /// Version of the message form; `1` is the only one there is.
    pub version: u32,
    /// The chain the login is bound to (EIP-155).
    pub chain_id: u64,
    /// One-time value handed out for this login, 8 or more letters and digits.
    pub nonce: String,
    /// When the message was written.
    pub issued_at: Timestamp,
    /// First instant at which the message is no longer valid.
    pub expiration_time: Option<Timestamp>,
    /// First instant at which the message is valid.
    pub not_before: Option<Timestamp>,
    /// The server's own name for this login attempt.
    pub request_id: Option<String>,
    /// What the login should open, as URIs.
    pub resources: Vec<String>,
}

impl LoginFields {
    /// The fields that every message has; the others empty.
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

/// A login message whose every field is fit to be printed.
///
/// [`Display`](fmt::Display) prints the text that the wallet signs, [`FromStr`] reads it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginMessage {
    fields: LoginFields,
}

impl LoginMessage {
    /// A message with these fields.
    ///
    /// # Errors
    /// [`AuthError::MessageMalformed`] naming the field that ERC-4361 would not allow.
    pub fn new(fields: LoginFields) -> Result<Self, AuthError> {
        check(&fields)?;
        let message = Self { fields };
        let bytes = message.to_string().len();
        if bytes > MESSAGE_BYTES_MAX {
            return Err(malformed("length", &format!("{bytes} bytes"), "at most 4096 bytes"));
        }
        Ok(message)
    }

    /// Reads a message, which says nothing about who wrote it: nothing in it is to be trusted before
    /// [`verify`](crate::verify()) has accepted it. Until then its nonce may serve to find what was handed out.
    ///
    /// # Errors
    /// [`AuthError::MessageMalformed`] naming field, value and what is allowed,
    /// [`AuthError::MessageExtraLine`], [`AuthError::MessageVersion`], and those of an [`Address`].
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        text.parse()
    }

    /// What the message says.
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
                // An empty statement has a line of its own.
                lines.skip_if_blank();
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
        let uri = lines.take_labelled("URI", "URI: ")?.to_owned();
        let version = match lines.take_labelled("Version", "Version: ")? {
            "1" => 1,
            other => return Err(AuthError::MessageVersion { found: shown(other) }),
        };
        let chain_id = decimal(lines.take_labelled("Chain ID", "Chain ID: ")?)?;
        let nonce = lines.take_labelled("Nonce", "Nonce: ")?.to_owned();
        let issued_at = time("Issued At", lines.take_labelled("Issued At", "Issued At: ")?)?;
        let expiration_time = match lines.take_if_labelled("Expiration Time: ") {
            Some(text) => Some(time("Expiration Time", text)?),
            None => None,
        };
        let not_before = match lines.take_if_labelled("Not Before: ") {
            Some(text) => Some(time("Not Before", text)?),
            None => None,
        };
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

/// The lines of a message, taken one after the other.
struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    fn take(&mut self, field: &'static str) -> Result<&'a str, AuthError> {
        let line = self.peek().ok_or_else(|| malformed(field, "", "the message to go on"))?;
        self.next += 1;
        Ok(line)
    }

    fn take_blank(&mut self, field: &'static str) -> Result<(), AuthError> {
        match self.take(field)? {
            "" => Ok(()),
            line => Err(malformed(field, line, "an empty line")),
        }
    }

    fn skip_if_blank(&mut self) {
        if self.peek() == Some("") {
            self.next += 1;
        }
    }

    fn take_labelled(&mut self, field: &'static str, label: &str) -> Result<&'a str, AuthError> {
        let line = self.take(field)?;
        line.strip_prefix(label)
            .ok_or_else(|| malformed(field, line, "a line that begins with this field's name"))
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
    // Refuses what the standard parser tolerates, such as "+1" and "01".
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
        "an authority: a host, with a port if need be",
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

/// Whether two hexadecimal digits follow each percent sign.
fn escapes_are_whole(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// Reserved and unreserved characters of RFC 3986, and the percent sign.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn is_authority_byte(byte: u8) -> bool {
    is_uri_byte(byte) && !b"/?#".contains(&byte)
}

#[cfg(test)]
mod tests;
