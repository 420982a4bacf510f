//! HTTP/2 in raw frames, for behaviour that no library has.

use http_kit::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Server, patiently, start};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// `END_STREAM` and `END_HEADERS`.
const WHOLE: u8 = 5;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Debug)]
struct Frame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// Error code: the first four bytes, or the second four of a GOAWAY.
    fn code(&self) -> u32 {
        let from = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[from..from + 4].try_into().unwrap())
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET` of a path on a stream, in HPACK without compression.
fn get(stream: u32, path: &str, headers: usize) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend_from_slice(path.as_bytes());
    block.extend_from_slice(b"\x01\x09localhost");
    for _ in 0..headers {
        block.extend_from_slice(b"\x00\x01x\x011");
    }
    frame(HEADERS, WHOLE, stream, &block)
}

async fn connect(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream
}

/// The next frame of one of these kinds; none when the peer closed.
async fn next(stream: &mut TcpStream, kinds: &[u8]) -> Option<Frame> {
    patiently(async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.ok()?;
            let length =
                usize::try_from(u32::from_be_bytes([0, head[0], head[1], head[2]])).unwrap();
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.ok()?;
            let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            if kinds.contains(&head[3]) {
                return Some(Frame { kind: head[3], stream: number, payload });
            }
        }
    })
    .await
}

#[tokio::test]
async fn one_stream_too_many_is_refused_and_the_others_continue() {
    let server = start(Limits { http2_streams_max: 4, ..Limits::default() }).await;
    let mut stream = connect(&server).await;
    for number in 0..5 {
        stream.write_all(&get(2 * number + 1, "/wait", 0)).await.unwrap();
    }
    let refused = next(&mut stream, &[RST_STREAM, GOAWAY, HEADERS]).await.unwrap();
    assert_eq!((refused.kind, refused.stream, refused.code()), (RST_STREAM, 9, REFUSED_STREAM));
    for _ in 0..4 {
        server.state.go_on.notify_one();
        let answered = next(&mut stream, &[RST_STREAM, GOAWAY, HEADERS]).await.unwrap();
        assert_eq!(answered.kind, HEADERS, "{answered:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn repeated_resets_end_with_enhance_your_calm() {
    let server = start(Limits { http2_resets_max: 8, ..Limits::default() }).await;
    let mut stream = connect(&server).await;
    let mut frames = Vec::new();
    for number in 0..200 {
        frames.extend(get(2 * number + 1, "/wait", 0));
        frames.extend(frame(RST_STREAM, 0, 2 * number + 1, &8_u32.to_be_bytes()));
    }
    stream.write_all(&frames).await.unwrap();
    let told = next(&mut stream, &[GOAWAY]).await.unwrap();
    assert_eq!(told.code(), ENHANCE_YOUR_CALM);
    assert!(next(&mut stream, &[]).await.is_none(), "the connection goes on");
    server.stop().await;
}

#[tokio::test]
async fn too_many_headers_are_431_here_too() {
    let server = start(Limits { headers_max: 10, ..Limits::default() }).await;
    let mut stream = connect(&server).await;
    stream.write_all(&get(1, "/hello", 30)).await.unwrap();
    let answer = next(&mut stream, &[HEADERS, RST_STREAM, GOAWAY]).await.unwrap();
    // The status in HPACK's Huffman code.
    let is_431 = answer.payload.windows(3).any(|bytes| bytes == [0x69, 0x90, 0xff]);
    assert!(answer.kind == HEADERS && is_431, "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_opens_no_window_is_cut_off() {
    let server = start(Limits { write_timeout_ms: 100, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    // SETTINGS_INITIAL_WINDOW_SIZE (4) of zero.
    stream.write_all(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await.unwrap();
    stream.write_all(&get(1, "/big", 0)).await.unwrap();
    patiently(server.state.dropped.notified()).await;
    while next(&mut stream, &[HEADERS]).await.is_some() {}
    server.stop().await;
}

#[tokio::test]
async fn a_preface_without_a_request_and_an_idle_connection_are_closed() {
    let limits = Limits { header_read_timeout_ms: 100, idle_timeout_ms: 100, ..Limits::default() };
    let server = start(limits).await;
    let mut silent = connect(&server).await;
    while next(&mut silent, &[SETTINGS]).await.is_some() {}
    let mut idle = connect(&server).await;
    idle.write_all(&get(1, "/hello", 0)).await.unwrap();
    assert_eq!(next(&mut idle, &[HEADERS]).await.unwrap().stream, 1);
    while next(&mut idle, &[SETTINGS]).await.is_some() {}
    server.stop().await;
}
