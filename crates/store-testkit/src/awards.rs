//! All awards of a store, for tests.

use sector_redis::{Award, Runs};

/// All awards, by universe, faction and name, read page by page.
///
/// # Panics
/// When the store fails.
#[expect(clippy::expect_used, reason = "a test whose store fails must fail loudly")]
pub async fn awards(store: &(impl Runs + ?Sized)) -> Vec<Award> {
    let (mut awards, mut after) = (Vec::new(), None);
    loop {
        let page = store.awards(after.as_deref(), 2).await.expect("the awards can be read");
        awards.extend(page.awards);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    awards.sort();
    awards.dedup();
    awards
}
