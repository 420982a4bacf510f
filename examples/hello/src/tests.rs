//! Duels in memory. All else that it is made for its program shows.

use crate::Hello;

#[test]
fn it_beats_those_who_do_nothing_or_anything() {
    proving::promises::beats(&["idle", "random"], 1..4, || Box::new(Hello));
}
