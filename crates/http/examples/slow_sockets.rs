//! Measures how slow and silent sockets affect other clients: `cargo run --release -p http-kit
//! --example slow_sockets -- [sockets]` (default 2 000).
//!
//! A server with default limits runs in its own process. A healthy client sends requests, first
//! alone and then beside sockets from loopback that are silent (4 in 10), trickle headers (3),
//! trickle a body (2) or never read their response (1). Prints the latencies of the healthy client,
//! on one connection and on a new one per request, and when the last socket of each kind was
//! closed. The harmful sockets run in another process, so that the server is measured and not the
//! client. Both need about one file descriptor per socket (`ulimit -n`).

use std::error::Error;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_kit::CancellationToken;
use http_kit::{Limits, Router, body, reply};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Bytes of the unread response: more than the buffers between two sockets.
const UNREAD_BYTES: usize = 16 << 20;
/// Interval between the bytes of a slow socket.
const TRICKLE: Duration = Duration::from_millis(500);
/// Requests per measurement, and the pause between two.
const REQUESTS: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(1);
const ASK: &[u8] = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Silent,
    SlowHead,
    SlowBody,
    Unread,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Silent, Self::SlowHead, Self::SlowBody, Self::Unread];

    fn of(number: usize) -> Self {
        match number % 10 {
            0..4 => Self::Silent,
            4..7 => Self::SlowHead,
            7..9 => Self::SlowBody,
            _ => Self::Unread,
        }
    }

    fn beginning(self) -> &'static [u8] {
        match self {
            Self::Silent => b"",
            Self::SlowHead => b"GET /hello HTTP/1.1\r\nX: ",
            Self::SlowBody => b"POST /take HTTP/1.1\r\nContent-Length: 100000\r\n\r\n",
            Self::Unread => b"GET /unread HTTP/1.1\r\n\r\n",
        }
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["server"] => serve().await,
        ["harm", address, sockets] => harm(address.parse()?, sockets.parse()?).await,
        [sockets] => measure(sockets.parse()?).await,
        _ => measure(2_000).await,
    }
}

async fn serve() -> Outcome<()> {
    let unread = Bytes::from(vec![b'x'; UNREAD_BYTES]);
    let routes = Router::new(unread)
        .route(Method::GET, "/hello", |_| async { Ok(reply::text("hello")) })
        .route(Method::POST, "/take", |mut context| async move {
            context.bytes(1 << 20).await?;
            Ok(reply::no_content())
        })
        .route(Method::GET, "/unread", |context| async move {
            Ok(http_kit::Response::new(body::full(Bytes::clone(context.state()))))
        })
        .build()?;
    let listener = http_kit::bind("127.0.0.1:0".parse()?, "--port").await?;
    println!("{}", listener.local_addr()?);
    http_kit::serve(listener, routes, Limits::default(), CancellationToken::new()).await;
    Ok(())
}

async fn measure(sockets: usize) -> Outcome<()> {
    let (_server, mut lines) = start(&["server"])?;
    let address: SocketAddr = next_line(&mut lines).await?.parse()?;
    healthy(address, "warming up").await?;
    healthy(address, "alone").await?;
    let (_harmful, mut lines) = start(&["harm", &address.to_string(), &sockets.to_string()])?;
    println!("{}", next_line(&mut lines).await?);
    healthy(address, "beside them").await?;
    for _ in Kind::ALL {
        println!("{}", next_line(&mut lines).await?);
    }
    Ok(())
}

type Lines = tokio::io::Lines<BufReader<ChildStdout>>;

/// This program in another role; ends with the handle.
fn start(arguments: &[&str]) -> Outcome<(Child, Lines)> {
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    let mut child = command.args(arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stdout = child.stdout.take().ok_or("the process has no output")?;
    Ok((child, BufReader::new(stdout).lines()))
}

async fn next_line(lines: &mut Lines) -> Outcome<String> {
    Ok(lines.next_line().await?.ok_or("the other process ended before its time")?)
}

/// Opens the harmful sockets and reports when the last of each kind was closed.
async fn harm(address: SocketAddr, sockets: usize) -> Outcome<()> {
    let began = Instant::now();
    let mut harmful = JoinSet::new();
    for number in 0..sockets {
        let mut stream = TcpStream::connect(address).await?;
        let kind = Kind::of(number);
        stream.write_all(kind.beginning()).await?;
        harmful.spawn(until_closed(stream, kind));
    }
    println!("{sockets} sockets opened in {} ms", began.elapsed().as_millis());
    let mut last = Kind::ALL.map(|kind| (kind, 0, Duration::ZERO));
    while let Some(closed) = harmful.join_next().await {
        let (kind, after) = closed?;
        for (known, count, longest) in &mut last {
            if *known == kind {
                *count += 1;
                *longest = after.max(*longest);
            }
        }
    }
    for (kind, count, longest) in last {
        println!("{kind:?}: {count}, the last closed after {:.1} s", longest.as_secs_f64());
    }
    Ok(())
}

/// Time until the server closes the socket.
async fn until_closed(mut stream: TcpStream, kind: Kind) -> (Kind, Duration) {
    let began = Instant::now();
    let mut byte = [0];
    loop {
        let is_closed = if kind == Kind::Unread {
            sleep(TRICKLE).await;
            false
        } else {
            // A response, the end or an error: the socket is closed.
            timeout(TRICKLE, stream.read(&mut byte)).await.is_ok()
        };
        if is_closed || (kind != Kind::Silent && stream.write_all(b"x").await.is_err()) {
            return (kind, began.elapsed());
        }
    }
}

async fn healthy(address: SocketAddr, when: &str) -> Outcome<()> {
    let mut kept = Vec::with_capacity(REQUESTS);
    let mut fresh = Vec::with_capacity(REQUESTS);
    let mut stream = TcpStream::connect(address).await?;
    for _ in 0..REQUESTS {
        let began = Instant::now();
        ask(&mut stream).await?;
        kept.push(began.elapsed());
        let began = Instant::now();
        ask(&mut TcpStream::connect(address).await?).await?;
        fresh.push(began.elapsed());
        sleep(PAUSE).await;
    }
    for (name, mut times) in [("one connection", kept), ("a new one each", fresh)] {
        times.sort_unstable();
        let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000].as_micros();
        println!("{when}, {name}: p50 {} us, p99 {} us, most {} us", at(500), at(990), at(1_000));
    }
    Ok(())
}

async fn ask(stream: &mut TcpStream) -> Outcome<()> {
    stream.write_all(ASK).await?;
    let mut answer = Vec::with_capacity(1_024);
    while !answer.ends_with(b"hello") {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the healthy client was cut off".into());
        }
    }
    Ok(())
}
