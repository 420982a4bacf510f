//! The faction that a player holds, and renewal of the claim.

use sector_redis::{Error as StoreError, UniverseId};

use crate::identity::caller::Person;
use crate::request::call::Call;

/// Minimum time between two renewals of a claim, in milliseconds, unless a tenth of the idle time
/// is shorter.
pub(crate) const RENEWAL_INTERVAL_MS: u64 = 10_000;

/// The faction that the person holds in the universe. Renews the claim at most once per interval.
pub(crate) async fn seat(
    call: &Call,
    universe: &UniverseId,
    person: &Person,
) -> Result<Option<String>, StoreError> {
    let api = call.state();
    let (now_ms, idle_ms, player) = (api.now().unix_ms(), api.idle_ms(), person.player());
    let renewal = (call.sector().name().to_owned(), person.address);
    if api.renewals.put_new(renewal.clone(), (), now_ms) {
        let touched = call.store().touch(universe, &player, now_ms, idle_ms).await;
        if touched.is_err() {
            api.renewals.forget(&renewal);
        }
        return touched;
    }
    let claims = call.store().claims(universe, now_ms, idle_ms).await?;
    Ok(claims.into_iter().find(|claim| claim.player == player).map(|claim| claim.faction))
}
