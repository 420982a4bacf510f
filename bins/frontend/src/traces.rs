//! The last span of an order's trace: handing its event to the connected clients.

use std::sync::Arc;

use follow::{EntryKind, Followed};
use http_kit::ClientSlots;
use process_kit::CancellationToken;
use process_kit::trace::{TraceParent, Tracer, of_tick};

/// Ends the traces of orders when their events reach the clients, until `shutdown`.
pub(crate) async fn follow(
    tracer: Tracer,
    sector: Arc<Followed>,
    slots: Arc<ClientSlots>,
    shutdown: CancellationToken,
) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = watch(&tracer, &sector, &slots) => {}
    }
}

async fn watch(tracer: &Tracer, sector: &Followed, slots: &ClientSlots) {
    while let Ok(frame) = sector.follower().ready().await {
        let mut entries = sector.follower().subscribe(frame.position());
        drop(frame);
        loop {
            match entries.next().await {
                Ok(entry) => {
                    let Some(tick) = entry.tick.filter(|_| entry.kind == EntryKind::Delta) else {
                        continue;
                    };
                    // Only one of several frontends takes the context and ends the trace.
                    let places =
                        sector.store().take_nonce(sector_redis::Pool::Traces, &of_tick(tick)).await;
                    for place in places.ok().flatten().unwrap_or_default().split(',') {
                        let Ok(place) = place.parse::<TraceParent>() else { continue };
                        let mut span = tracer.span("hand to the sockets", Some(place));
                        span.began_ago(entry.received.age());
                        span.set("sector.event", entry.id.to_string());
                        span.set("sector.clients", slots.used());
                        if let Some(place) = span.context() {
                            let trace_id = place.trace_id();
                            tracing::debug!(trace_id, event = %entry.id, "traced event sent to clients");
                        }
                    }
                }
                Err(error) if error.needs_frame() => break,
                Err(_) => return,
            }
        }
    }
}
