//! What is done on several threads, with the feature `parallel`: only what is pure, each result in the place of what
//! it is the result of, so that nothing depends on which thread was first.

use rayon::prelude::*;

/// The least number of systems on a map for which players decide, and routes are planned, at the same time.
pub(crate) const MAP_SYSTEMS: usize = 2_048;
/// The least number of routes in a tick that are planned at the same time.
pub(crate) const ROUTES: usize = 4;
/// The least number of changed systems, or fleets, in a tick that are hashed at the same time.
pub(crate) const CHANGES: usize = 2_048;
/// How many of these a thread takes at once, at the least.
const PORTION: usize = 256;

/// Fills a list with what is made of each of these, in their order.
pub(crate) fn each<T: Send>(
    list: &[u32],
    made: &mut Vec<T>,
    make: impl Fn(u32) -> T + Sync + Send,
) {
    list.par_iter().with_min_len(PORTION).map(|&index| make(index)).collect_into_vec(made);
}
