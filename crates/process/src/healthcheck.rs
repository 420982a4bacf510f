//! `<service> healthcheck [URL]`: checks a running service.
//!
//! For images without a shell, where the container engine runs this command. Home-made because it
//! is plain HTTP to the same machine and needs neither runtime nor TLS.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process;
use std::time::{Duration, Instant};

/// Default URL.
const VARIABLE: &str = "HEALTHCHECK_URL";
/// Total timeout.
const LIMIT: Duration = Duration::from_secs(3);
/// Longest status line, in bytes.
const STATUS_LINE_BYTES: u64 = 256;

/// Checks and exits: 0 if the service is healthy, 1 if not, 2 for invalid arguments.
pub(crate) fn end(arguments: &[OsString]) -> ! {
    let url = match arguments {
        [] => std::env::var(VARIABLE).map_err(|_| Failure::Usage),
        [url] => Ok(url.to_string_lossy().into_owned()),
        _ => Err(Failure::Usage),
    };
    let (code, failure) = match url.and_then(|url| Target::parse(&url)) {
        Err(failure) => (2, failure),
        Ok(target) => match target.ask() {
            Ok(()) => process::exit(0),
            Err(failure) => (1, failure),
        },
    };
    eprintln!("healthcheck: {failure}");
    process::exit(code)
}

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("usage: healthcheck URL, or set {VARIABLE}")]
    Usage,
    #[error("invalid URL {0:?}: use one like http://127.0.0.1:8000/livez")]
    Url(String),
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("cannot reach {authority}: {source}")]
    Unreachable { authority: String, source: std::io::Error },
    #[error("no answer from {authority} within {} s", LIMIT.as_secs())]
    Late { authority: String },
    #[error("{url} answered {line:?}")]
    Unhealthy { url: String, line: String },
}

/// Host with port, and path.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    authority: String,
    path: String,
}

impl Target {
    fn parse(url: &str) -> Result<Self, Failure> {
        let refused = || Failure::Url(url.to_owned());
        let rest = url.strip_prefix("http://").ok_or_else(refused)?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port
            || url.contains(|character: char| character.is_ascii_control() || character == ' ')
        {
            return Err(refused());
        }
        Ok(Self { authority: authority.to_owned(), path: path.to_owned() })
    }

    /// Checks for status 200 in time.
    fn ask(&self) -> Result<(), Failure> {
        let Self { authority, path } = self;
        let started = Instant::now();
        let failed = |source| Failure::Unreachable { authority: authority.clone(), source };
        let left = || LIMIT.checked_sub(started.elapsed()).filter(|left| !left.is_zero());
        let late = || Failure::Late { authority: authority.clone() };
        let address = authority
            .to_socket_addrs()
            .map_err(failed)?
            .next()
            .ok_or_else(|| Failure::NoAddress(authority.clone()))?;
        let mut stream =
            TcpStream::connect_timeout(&address, left().ok_or_else(late)?).map_err(failed)?;
        stream.set_write_timeout(left()).map_err(failed)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: healthcheck\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        while !answer.contains(&b'\n') && (answer.len() as u64) < STATUS_LINE_BYTES {
            stream.set_read_timeout(Some(left().ok_or_else(late)?)).map_err(failed)?;
            let mut part = [0; STATUS_LINE_BYTES as usize];
            match stream.read(&mut part).map_err(failed)? {
                0 => break,
                read => answer.extend_from_slice(part.get(..read).unwrap_or_default()),
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        let line = answer.lines().next().unwrap_or_default();
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            [version, "200", ..] if version.starts_with("HTTP/") => Ok(()),
            _ => Err(Failure::Unhealthy {
                url: format!("http://{authority}{path}"),
                line: line.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// The result for a service with this response.
    fn asked(answer: &'static str) -> Result<(), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let service = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                assert_eq!(stream.read(&mut byte).unwrap(), 1);
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        let said = Target::parse(&format!("http://{authority}/livez")).unwrap().ask();
        let request = service.join().unwrap();
        assert!(
            request.starts_with("GET /livez HTTP/1.1\r\n") && request.contains(&authority),
            "{request}"
        );
        said
    }

    #[test]
    fn only_200_is_healthy() {
        asked("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        for bad in [
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "",
            "200",
            "HTTP/1.1 2000 OK\r\n",
            "SSH 200 \r\n",
        ] {
            assert!(asked(bad).unwrap_err().to_string().contains("/livez answered"), "{bad}");
        }
    }

    #[test]
    fn no_listener_is_unhealthy() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let said = Target::parse(&format!("http://{free}")).unwrap().ask().unwrap_err().to_string();
        assert!(said.contains(&free.to_string()) && said.contains("refused"), "{said}");
    }

    #[test]
    fn urls_are_http_with_a_port() {
        let target = |authority: &str, path: &str| Target {
            authority: authority.to_owned(),
            path: path.to_owned(),
        };
        assert_eq!(
            Target::parse("http://127.0.0.1:8000/livez").unwrap(),
            target("127.0.0.1:8000", "/livez")
        );
        assert_eq!(Target::parse("http://[::1]:9").unwrap(), target("[::1]:9", "/"));
        for bad in [
            "",
            "127.0.0.1:8000",
            "https://a:1/",
            "http://a/",
            "http://:80/",
            "http://a:x/",
            "http://a:1/\r\nx",
            "http://a:70000/",
        ] {
            assert!(Target::parse(bad).unwrap_err().to_string().contains("invalid URL"), "{bad}");
        }
    }
}
