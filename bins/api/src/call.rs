//! A request that was let in: who asks, and of which sector.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use follow::{Followed, Follower};
use http_kit::{Context, Problem};
use sector_redis::ServiceStore;

use crate::caller::{Caller, Person, unauthenticated};
use crate::seats;
use crate::state::Api;

/// A request that was let in by what its route declares. It reads like the [`Context`] it holds.
#[derive(Debug)]
pub(crate) struct Call {
    context: Context<Api>,
    caller: Caller,
    sector: SectorOfCall,
}

/// Its own type for the sake of `Debug`.
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

    /// Who is asking.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who is asking, which its route takes care to be somebody who logged in.
    ///
    /// # Errors
    /// 401 `unauthenticated` for anybody else.
    pub(crate) fn person(&self) -> Result<Person, Problem> {
        match &self.caller {
            Caller::Person(person) => Ok(*person),
            _ => Err(unauthenticated()),
        }
    }

    /// The sector that is asked about.
    pub(crate) fn sector(&self) -> &Arc<Followed> {
        &self.sector.0
    }

    /// Its state.
    pub(crate) fn store(&self) -> &Arc<dyn ServiceStore> {
        self.sector.0.store()
    }

    /// Its mirror.
    pub(crate) fn follower(&self) -> &Arc<Follower> {
        self.sector.0.follower()
    }

    /// Notes that somebody took or left a seat, so that what was said of seats before is not said again.
    pub(crate) fn seats_changed(&self) {
        self.state().seat_changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes that a player was seen who looks at something that is open to all. A store that cannot write is no matter.
    pub(crate) async fn renew(&self) {
        if let Caller::Person(person) = &self.caller
            && let Some(frame) = self.follower().current()
        {
            let universe = frame.universe().to_owned();
            drop(frame);
            if let Err(error) = seats::seat(self, &universe, person).await {
                tracing::debug!(%error, "a claim was not renewed");
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
