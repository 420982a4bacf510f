//! Trace spans of requests. Costs nothing if tracing is off.

use process_kit::trace::{KEPT, Span, TRACEPARENT, of_orders};
use sector_redis::Receipt;

use crate::request::call::Call;

/// Starts the span of a request; continues the trace in its `traceparent` header.
pub(crate) fn begin(call: &Call, name: &'static str) -> Span {
    let tracer = &call.state().tracer;
    if !tracer.is_on() {
        return Span::default();
    }
    let parent = call.header(TRACEPARENT).and_then(|text| text.parse().ok());
    let mut span = tracer.span(name, parent);
    span.name_in_log();
    if let Some(id) = call.request_id() {
        span.set("http.request.id", id);
    }
    span
}

/// Stores the trace context of accepted orders, so that the worker continues the trace.
pub(crate) async fn pass_on(call: &Call, span: &mut Span, receipt: &Receipt, orders: usize) {
    let Some(place) = span.context() else { return };
    span.set("sector.order_entry", receipt.id.to_string());
    span.set("sector.orders", orders);
    if let Err(error) = call
        .store()
        .put_nonce(sector_redis::Pool::Traces, &of_orders(receipt.id), &place.to_string(), KEPT)
        .await
    {
        tracing::debug!(%error, "cannot store trace context, trace ends here");
    }
}
