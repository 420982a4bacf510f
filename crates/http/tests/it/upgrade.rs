//! WebSockets.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http_kit::{Context, Limits, Problem, Response, body};
use hyper_tungstenite::tungstenite::Message;
use tokio::time::timeout;

use crate::harness::{State, patiently, start};

/// Echoes messages; at shutdown says bye and closes.
pub(crate) async fn socket(mut context: Context<State>) -> Result<Response, Problem> {
    if !hyper_tungstenite::is_upgrade_request(context.request()) {
        return Err(Problem::bad_request("no_upgrade", "This path speaks WebSocket only."));
    }
    let shutdown = context.shutdown();
    let (response, socket) = hyper_tungstenite::upgrade(context.request_mut(), None)
        .map_err(|error| Problem::bad_request("bad_upgrade", error.to_string()))?;
    tokio::spawn(async move {
        let mut socket = socket.await.unwrap();
        loop {
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => socket.send(Message::Text(text)).await.unwrap(),
                    _ => return,
                },
                () = shutdown.cancelled() => {
                    socket.send(Message::text("bye")).await.unwrap();
                    socket.close(None).await.unwrap();
                    return;
                }
            }
        }
    });
    Ok(response.map(body::boxed))
}

#[tokio::test]
async fn a_socket_outlives_the_timeouts_and_sees_the_shutdown() {
    let limits = Limits {
        request_timeout_ms: 50,
        first_bytes_timeout_ms: 50,
        header_read_timeout_ms: 50,
        requests_max: 1,
        ..Limits::default()
    };
    let server = start(limits).await;
    let url = format!("ws://{}/socket", server.address);
    let (mut socket, _) =
        patiently(tokio_tungstenite::client_async(url, server.connect().await)).await.unwrap();
    for text in ["one", "two"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(patiently(socket.next()).await.unwrap().unwrap(), Message::text(text));
        let silence = timeout(Duration::from_millis(120), socket.next()).await;
        assert!(silence.is_err(), "{silence:?}");
    }
    // An open socket is not a request in flight.
    assert_eq!(server.ask("GET", "/hello").await.status, 200);
    server.stop().await;
    assert_eq!(patiently(socket.next()).await.unwrap().unwrap(), Message::text("bye"));
    assert!(matches!(patiently(socket.next()).await, Some(Ok(Message::Close(_)))));
}

#[tokio::test]
async fn a_plain_request_to_a_socket_is_refused() {
    let server = start(Limits::default()).await;
    server.ask("GET", "/socket").await.problem(400, "no_upgrade");
    server.stop().await;
}
