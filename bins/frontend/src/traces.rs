//! The last part of the trace of an order: the event that tells of it is handed to those who watch.

use std::sync::Arc;

use follow::{EntryKind, Followed};
use http_kit::seats::Seats;
use process_kit::CancellationToken;
use process_kit::trace::{TraceParent, Tracer, of_tick};

/// Ends the traces that lead to events of this sector, until `shutdown`. Reads what all clients read, when they do.
pub(crate) async fn follow(
    tracer: Tracer,
    sector: Arc<Followed>,
    seats: Arc<Seats>,
    shutdown: CancellationToken,
) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = watch(&tracer, &sector, &seats) => {}
    }
}

async fn watch(tracer: &Tracer, sector: &Followed, seats: &Seats) {
    while let Ok(frame) = sector.follower().ready().await {
        let mut entries = sector.follower().subscribe(frame.position());
        drop(frame);
        loop {
            match entries.next().await {
                Ok(entry) => {
                    let Some(tick) = entry.tick.filter(|_| entry.kind == EntryKind::Delta) else {
                        continue;
                    };
                    // Of several frontends one ends the trace.
                    let places = sector.store().take_nonce(&of_tick(tick)).await;
                    for place in places.ok().flatten().unwrap_or_default().split(',') {
                        let Ok(place) = place.parse::<TraceParent>() else { continue };
                        let mut span = tracer.span("hand to the sockets", Some(place));
                        span.began_ago(entry.received.age());
                        span.set("sector.event", entry.id.to_string());
                        span.set("sector.clients", seats.taken());
                        if let Some(place) = span.context() {
                            let trace_id = place.trace_id();
                            tracing::debug!(trace_id, event = %entry.id, "a traced event is handed to the sockets");
                        }
                    }
                }
                Err(error) if error.needs_frame() => break,
                Err(_) => return,
            }
        }
    }
}
