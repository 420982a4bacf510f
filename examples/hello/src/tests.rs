//! Duels in memory. All else that it is made for its program shows.

use crate::Hello;

#[test]
fn it_beats_one_who_does_nothing() {
    proving::promises::beats(&["idle"], 1..4, || Box::new(Hello));
}
