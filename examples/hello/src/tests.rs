//! Duels in memory. The tests in `tests/` run the program.

use crate::Hello;

#[test]
fn it_beats_idle_and_random() {
    proving::promises::beats(&["idle", "random"], 1..4, || Box::new(Hello));
}
