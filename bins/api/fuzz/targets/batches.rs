//! Batches of hostile JSON: an order is accepted or refused, and none vanishes. `tests/it/batches.rs` states what must
//! hold; the tests of the crate replay the corpus.
#![no_main]

#[path = "../../tests/it/batches.rs"]
mod batches;
#[path = "../../tests/it/conformance.rs"]
mod conformance;
#[expect(dead_code, reason = "the tests look at what was heard")]
#[path = "../../tests/it/hostile.rs"]
mod hostile;
#[expect(dead_code, reason = "the tests ask more of it")]
#[path = "../../tests/it/reply.rs"]
mod reply;
#[path = "../../tests/it/schema.rs"]
mod schema;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|batch: &[u8]| {
    batches::check(batch);
});
