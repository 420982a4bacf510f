//! Query, forwarding headers, `Last-Event-ID` and JSON body of a request. `tests/it/hostile.rs` describes the input and what must
//! hold; the tests of the crate replay the corpus.
#![no_main]

#[path = "../../tests/it/hostile.rs"]
mod hostile;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|request: &[u8]| {
    hostile::check(request);
});
