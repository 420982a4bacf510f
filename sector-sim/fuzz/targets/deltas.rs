//! Deltas as lines of JSON, applied in turn to one mirror. A rejected delta changes nothing; an
//! accepted one leaves a state that can be serialized, then parsed again or rejected.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sector_sim::{Delta, Mirror};
use sector_sim_fuzz::{WORLD, snapshot};

static MIRROR: LazyLock<Mirror> = LazyLock::new(|| Mirror::new(&snapshot(&WORLD)).unwrap());

fuzz_target!(|text: &str| {
    let mut mirror = MIRROR.clone();
    for line in text.lines().take(8) {
        let Ok(delta) = serde_json::from_str::<Delta>(line) else { continue };
        let before = mirror.snapshot();
        match mirror.apply(&delta) {
            Ok(()) => {
                assert_eq!(mirror.board().tick(), before.tick + 1);
                let after = mirror.snapshot();
                let json = serde_json::to_string(&after).unwrap();
                // Overdue arrivals are detected only here.
                if let Ok(again) = Mirror::new(&serde_json::from_str(&json).unwrap()) {
                    assert_eq!(again.snapshot(), after);
                }
                let _ = mirror.is_exact();
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert_eq!(mirror.snapshot(), before);
            }
        }
    }
});
