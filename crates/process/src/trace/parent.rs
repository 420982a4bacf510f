//! Trace context in W3C's `traceparent` format.

use std::fmt;
use std::str::FromStr;

/// Name of the header.
pub const TRACEPARENT: &str = "traceparent";

/// A trace context: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    pub(super) trace: u128,
    pub(super) span: u64,
    /// Whether the trace is sampled.
    pub is_sampled: bool,
}

impl TraceParent {
    /// A new sampled trace; none without randomness.
    pub(super) fn new() -> Option<Self> {
        let (high, low) = (getrandom::u64().ok()?, getrandom::u64().ok()?);
        let trace = u128::from(high) << 64 | u128::from(low | 1);
        Some(Self { trace, span: getrandom::u64().ok()? | 1, is_sampled: true })
    }

    /// A new span in the same trace.
    pub(super) fn child(self) -> Option<Self> {
        Some(Self { span: getrandom::u64().ok()? | 1, ..self })
    }

    /// The trace id as 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace,
            self.span,
            u8::from(self.is_sampled)
        )
    }
}

impl FromStr for TraceParent {
    type Err = ();

    /// Later versions may append fields. Version 255 and ids of zeros are invalid.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str, digits: usize| {
            let is_plain = text.len() == digits
                && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
            if is_plain { u128::from_str_radix(text, 16).map_err(drop) } else { Err(()) }
        };
        let mut parts = text.splitn(5, '-');
        let mut part = |digits| number(parts.next().unwrap_or_default(), digits);
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let has_more = parts.next().is_some();
        if version == 0xff || version == 0 && has_more || trace == 0 || span == 0 {
            return Err(());
        }
        Ok(Self { trace, span: u64::try_from(span).map_err(drop)?, is_sampled: flags & 1 == 1 })
    }
}

/// How long the trace context of an order is kept in the store.
pub const KEPT: std::time::Duration = std::time::Duration::from_secs(60);

/// Name under which the context of an order entry is kept.
#[must_use]
pub fn of_orders(entry: impl fmt::Display) -> String {
    format!("trace-orders-{entry}")
}

/// Name under which the contexts of a tick's orders are kept: by tick, which is known before the
/// tick can be read. The number repeats only in another universe, long after [`KEPT`].
#[must_use]
pub fn of_tick(tick: u64) -> String {
    format!("trace-tick-{tick}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_round_trips_and_others_are_invalid() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent: TraceParent = text.parse().unwrap();
        assert_eq!((parent.to_string().as_str(), parent.is_sampled), (text, true));
        assert_eq!(parent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let child = parent.child().unwrap();
        assert!(child.trace == parent.trace && child.span != parent.span);
        assert!(!text.replace("-01", "-00").parse::<TraceParent>().unwrap().is_sampled);
        text.replace("00-4b", "01-4b").parse::<TraceParent>().unwrap();
        format!("{}-more", text.replace("00-4b", "01-4b")).parse::<TraceParent>().unwrap();
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(bad.parse::<TraceParent>().is_err(), "{bad}");
        }
    }
}
