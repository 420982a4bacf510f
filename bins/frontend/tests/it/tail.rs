//! `/tail`: the events as text.

use frontend::Config;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::harness::{Frontend, patiently};

/// A reader of `/tail`, after the response head.
async fn tail(frontend: &Frontend) -> (Lines<BufReader<OwnedReadHalf>>, OwnedWriteHalf) {
    let (reader, mut writer) = TcpStream::connect(frontend.address).await.unwrap().into_split();
    // HTTP/1.0 has no chunked encoding: the body is plain lines.
    writer.write_all(b"GET /tail HTTP/1.0\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut lines = BufReader::new(reader).lines();
    let mut head = Vec::new();
    loop {
        let line = patiently(lines.next_line()).await.unwrap().unwrap();
        if line.is_empty() {
            break;
        }
        head.push(line.to_ascii_lowercase());
    }
    assert!(head[0].contains(" 200 "), "{head:?}");
    assert!(head.contains(&"content-type: text/plain; charset=utf-8".to_owned()), "{head:?}");
    (lines, writer)
}

#[tokio::test]
async fn history_first_then_every_sentence_and_the_end_at_shutdown() {
    let (frontend, mut sector) = Frontend::with_sector(Config::default()).await;
    let mut told = vec![];
    for _ in 0..60 {
        sector.tick().await;
    }
    // The history comes from the frame, so wait for the newest frame.
    let mut socket = frontend.socket("/ws").await;
    while socket.entry().await.id < sector.newest {}
    let snapshot = sector.snapshot();
    told.extend(
        snapshot.history_tail.iter().map(|entry| format!("tick {}  {}", entry.tick, entry.text)),
    );
    let (mut lines, _writer) = tail(&frontend).await;
    for tick in 61..=63 {
        let sentence = format!("A sign is seen in tick {tick}.");
        let before: Vec<String> = {
            let mut peek = sector.world.clone();
            peek.step(&[]);
            let (map, board) = (peek.map(), peek.board());
            board
                .events()
                .iter()
                .map(|event| sector_sim::event::narrate(map, board, event))
                .collect()
        };
        sector.tick_told(vec![sentence.clone()], None).await;
        told.extend(
            before.into_iter().chain([sentence]).map(|text| format!("tick {tick}  {text}")),
        );
    }
    for expected in &told {
        assert_eq!(patiently(lines.next_line()).await.unwrap().as_ref(), Some(expected));
    }
    let sector = sector.begin_anew("u-2", 8).await;
    let line = patiently(lines.next_line()).await.unwrap().unwrap();
    assert_eq!(line, "tick 0  A new universe begins: u-2, from the seed 8.");
    assert_eq!(sector.world.tick(), 0);
    let (_, end) = tokio::join!(frontend.stop(), patiently(lines.next_line()));
    assert_eq!(end.unwrap(), None);
}
