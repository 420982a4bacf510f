//! Traces of single orders.
//!
//! The API stores the trace context of an order entry for a minute. The worker continues the trace
//! with the tick, and stores its own context under the tick's number before it commits, so readers
//! of the tick find it. None of this costs anything while tracing is off.

use process_kit::trace::{KEPT, Span, TraceParent, Tracer, of_orders, of_tick};
use sector_redis::{OrderEntry, Store};

/// Maximum number of traced entries per tick: each costs a call to the store.
const ENTRIES_MAX: usize = 16;

/// Traces of a tick.
pub(crate) struct Traces(Vec<Span>);

impl Traces {
    /// The traces of the tick's entries, if tracing is on.
    pub(crate) async fn of(
        tracer: &Tracer,
        store: &dyn Store,
        entries: &[OrderEntry],
        tick: u64,
    ) -> Traces {
        let mut spans = Vec::new();
        if tracer.is_on() {
            for entry in entries.iter().take(ENTRIES_MAX) {
                let Ok(Some(parent)) =
                    store.take_nonce(sector_redis::Pool::Traces, &of_orders(entry.id)).await
                else {
                    continue;
                };
                let Ok(parent) = parent.parse::<TraceParent>() else { continue };
                let mut waited = tracer.span("wait for the tick", Some(parent));
                waited.began_at(entry.at_ms);
                drop(waited);
                let mut span = tracer.span("tick", Some(parent));
                span.set("sector.tick", tick);
                span.set("sector.order_entry", entry.id.to_string());
                span.set("sector.orders", entry.orders.len());
                span.name_in_log();
                spans.push(span);
            }
        }
        Traces(spans)
    }

    /// The commit of this tick begins.
    pub(crate) async fn commit(&self, store: &dyn Store, tick: u64) -> Vec<Span> {
        let places: Vec<String> =
            self.0.iter().filter_map(Span::context).map(|place| place.to_string()).collect();
        if !places.is_empty() {
            tracing::debug!(tick, traces = places.len(), "committed a tick with traced orders");
            if let Err(error) = store
                .put_nonce(sector_redis::Pool::Traces, &of_tick(tick), &places.join(","), KEPT)
                .await
            {
                tracing::debug!(%error, "cannot pass on the traces of a tick");
            }
        }
        self.0.iter().map(|span| span.child("commit")).collect()
    }
}
