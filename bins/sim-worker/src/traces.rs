//! What became of single orders, for whoever looks at traces.
//!
//! The API keeps the place of an order entry in its trace beside the entry, for a minute; the worker goes on from there
//! with the tick, and keeps the place under its number before it commits, so that nobody reads of the tick sooner. Nothing of this is looked at, or costs a call,
//! unless traces are told.

use process_kit::trace::{KEPT, Span, TraceParent, Tracer, of_orders, of_tick};
use sector_redis::{OrderEntry, Store};

/// Most entries of one tick whose traces go on: each costs a call of the store.
const ENTRIES_MAX: usize = 16;

/// The traces of a tick.
pub(crate) struct Traces(Vec<Span>);

impl Traces {
    /// Those of the entries that the tick takes, if any are told.
    pub(crate) async fn of(
        tracer: &Tracer,
        store: &dyn Store,
        entries: &[OrderEntry],
        tick: u64,
    ) -> Traces {
        let mut spans = Vec::new();
        if tracer.is_on() {
            for entry in entries.iter().take(ENTRIES_MAX) {
                let Ok(Some(parent)) = store.take_nonce(&of_orders(entry.id)).await else {
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
            tracing::debug!(
                tick,
                traces = places.len(),
                "a tick of orders that are traced is committed"
            );
            if let Err(error) = store.put_nonce(&of_tick(tick), &places.join(","), KEPT).await {
                tracing::debug!(%error, "the traces of a tick end here");
            }
        }
        self.0.iter().map(|span| span.child("commit")).collect()
    }
}
