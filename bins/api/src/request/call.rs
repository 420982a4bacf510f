//! An admitted request with its caller and sector.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use follow::{Followed, Follower, Frame};
use http_kit::{Context, Problem};
use process_kit::trace::{KEPT, Span, TRACEPARENT, of_orders};
use sector_redis::{Error as StoreError, Pool, Receipt, ServiceStore, UniverseId};
use sector_wire::Code;

use crate::identity::caller::{Caller, Person, unauthenticated};
use crate::request::problems::{no_universe, of_follower, of_store};
use crate::state::Api;

/// How long a request waits for this process to catch up with the latest commit.
const CATCH_UP_WAIT: Duration = Duration::from_secs(1);

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

    /// Frame of the latest commit. Waits up to a second for this process to catch up.
    ///
    /// # Errors
    /// As [`of_follower`].
    pub(crate) async fn latest_frame(&self) -> Result<Arc<Frame>, Problem> {
        self.follower().caught_up(CATCH_UP_WAIT).await.map_err(of_follower)
    }

    /// Current frame, if its universe accepts orders.
    ///
    /// # Errors
    /// 409 `no_universe` and `run_over`; 503 while the store is unavailable.
    pub(crate) async fn acting_frame(&self) -> Result<Arc<Frame>, Problem> {
        let frame = match self.follower().frame() {
            Ok(frame) if !frame.is_over() => return Ok(frame),
            // A new universe may have begun just now.
            Ok(_) => self.latest_frame().await?,
            Err(follow::Error::NotReady { .. })
                if self.follower().health() == follow::Health::NoUniverse =>
            {
                return Err(no_universe());
            }
            Err(error) => return Err(of_follower(error)),
        };
        if frame.is_over() {
            let detail = "The run has ended; wait for the next universe.";
            return Err(Problem::conflict(Code::RunOver, detail));
        }
        Ok(frame)
    }

    /// The faction that the person holds in the universe.
    pub(crate) async fn seat(
        &self,
        universe: &UniverseId,
        person: &Person,
    ) -> Result<Option<String>, StoreError> {
        let api = self.state();
        let player = person.player();
        let claims = self.store().claims(universe, api.now().unix_ms(), api.idle_ms()).await?;
        Ok(claims.into_iter().find(|claim| claim.player == player).map(|claim| claim.faction))
    }

    /// Releases the faction that the caller holds in the running universe, if any.
    pub(crate) async fn release_seat(&self, person: &Person) -> Result<Option<String>, Problem> {
        let universe = self.follower().current().map(|frame| frame.universe().clone());
        let Some(universe) = universe else { return Ok(None) };
        let released = self.store().release(&universe, &person.player()).await.map_err(of_store)?;
        self.seats_changed();
        Ok(released)
    }

    /// Starts the span of the request; continues the trace in its `traceparent` header. Costs
    /// nothing if tracing is off.
    pub(crate) fn span(&self, name: &'static str) -> Span {
        let tracer = &self.state().tracer;
        if !tracer.is_on() {
            return Span::default();
        }
        let parent = self.header(TRACEPARENT).and_then(|text| text.parse().ok());
        let mut span = tracer.span(name, parent);
        span.name_in_log();
        if let Some(id) = self.request_id() {
            span.set("http.request.id", id);
        }
        span
    }

    /// Stores the trace context of accepted orders, so that the worker continues the trace.
    pub(crate) async fn pass_on(&self, mut span: Span, receipt: &Receipt, orders: usize) {
        let Some(context) = span.context() else { return };
        span.set("sector.order_entry", receipt.id.to_string());
        span.set("sector.orders", orders);
        let (key, context) = (of_orders(receipt.id), context.to_string());
        if let Err(error) = self.store().put_nonce(Pool::Traces, &key, &context, KEPT).await {
            tracing::debug!(%error, "cannot store trace context, trace ends here");
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
