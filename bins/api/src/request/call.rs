//! An admitted request with its caller and sector.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use follow::{Followed, Follower};
use http_kit::{Context, Problem};
use sector_redis::ServiceStore;

use crate::identity::caller::{Caller, Person, unauthenticated};
use crate::seats;
use crate::state::Api;

/// A request that satisfies the declaration of its route. Dereferences to its [`Context`].
#[derive(Debug)]
pub(crate) struct Call {
    context: Context<Api>,
    caller: Caller,
    sector: SectorOfCall,
}

/// Separate type to implement `Debug`.
struct SectorOfCall(Arc<Followed>);

impl std::fmt::Debug for SectorOfCall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0.name())
    }
}

impl Call {
    pub(crate) fn new(context: Context<Api>, caller: Caller, sector: Arc<Followed>) -> Self {
        Self { context, caller, sector: SectorOfCall(sector) }
    }

    /// The caller.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The caller as a person; routes that call this declare an access that admits persons only.
    ///
    /// # Errors
    /// 401 `unauthenticated` for other callers.
    pub(crate) fn person(&self) -> Result<Person, Problem> {
        match &self.caller {
            Caller::Person(person) => Ok(*person),
            _ => Err(unauthenticated()),
        }
    }

    /// Sector of the request.
    pub(crate) fn sector(&self) -> &Arc<Followed> {
        &self.sector.0
    }

    /// Store of the sector.
    pub(crate) fn store(&self) -> &Arc<dyn ServiceStore> {
        self.sector.0.store()
    }

    /// Mirror of the sector.
    pub(crate) fn follower(&self) -> &Arc<Follower> {
        self.sector.0.follower()
    }

    /// Invalidates cached claims after a claim or release.
    pub(crate) fn seats_changed(&self) {
        self.state().seat_changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Renews the claim of a player who reads a public resource. A failing store is only logged.
    pub(crate) async fn renew(&self) {
        if let Caller::Person(person) = &self.caller
            && let Some(frame) = self.follower().current()
        {
            let universe = frame.universe().clone();
            drop(frame);
            if let Err(error) = seats::seat(self, &universe, person).await {
                tracing::debug!(%error, "cannot renew claim");
            }
        }
    }
}

impl Deref for Call {
    type Target = Context<Api>;

    fn deref(&self) -> &Context<Api> {
        &self.context
    }
}

impl DerefMut for Call {
    fn deref_mut(&mut self) -> &mut Context<Api> {
        &mut self.context
    }
}
