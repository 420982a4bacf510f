//! Scripts of requests, answered by the whole API on a store in memory; `tests/it/hostile.rs` says how they are written
//! and what is promised. The tests of the crate say the corpus anew, so that it stays whole without a fuzzer.
#![no_main]

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

fuzz_target!(|script: &[u8]| {
    hostile::hear(script);
});
