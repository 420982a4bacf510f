//! Work on several threads, with the feature `parallel`: pure computations only, with results in
//! input order, so that nothing depends on timing.

use rayon::prelude::*;

/// Minimum number of systems on a map for players to decide, and routes to be planned, in parallel.
pub(crate) const MAP_SYSTEMS: usize = 2_048;
/// Minimum number of routes per tick to be planned in parallel.
pub(crate) const ROUTES: usize = 4;
/// Minimum number of changed systems, or fleets, per tick to be hashed in parallel.
pub(crate) const CHANGES: usize = 2_048;
/// Minimum number of items per task.
const PORTION: usize = 256;

/// Fills a list with the result for each item, in order.
pub(crate) fn each<T: Send>(
    list: &[u32],
    made: &mut Vec<T>,
    make: impl Fn(u32) -> T + Sync + Send,
) {
    list.par_iter().with_min_len(PORTION).map(|&index| make(index)).collect_into_vec(made);
}
