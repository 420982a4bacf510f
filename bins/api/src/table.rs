//! The table of routes with their declarations.

use http_kit::catalogue;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use http::Method;
use http_kit::{Context, Problem, Response, Router};
use utoipa::Path;
use utoipa::openapi::HttpMethod;

use crate::identity::access::{Access, Declaration, Scope};
use crate::identity::caller::{Caller, identify};
use crate::limits::meter::Meter;
use crate::limits::quotas;
use crate::request::call::Call;
use crate::request::prefix::SectorName;
use crate::request::problems::of_sector;
use crate::state::Api;

/// Adds a route to a router, so that only the router boxes the handler.
type Add = Box<dyn FnOnce(Router<Api>, &Meter) -> Router<Api>>;

/// Routes with their declarations.
#[derive(Default)]
pub(crate) struct Table {
    routes: Vec<(Declared, Add)>,
}

/// A route and its declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// HTTP method.
    pub method: Method,
    /// Path without prefixes.
    pub path: String,
    /// Declaration of the route.
    pub declaration: Declaration,
}

impl Table {
    /// Adds the operation `P`, served by `handler` for callers that the declaration admits.
    #[must_use]
    pub(crate) fn route<P, H, F>(mut self, declaration: Declaration, handler: H) -> Self
    where
        P: Path,
        H: Fn(Call) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let (method, path) = (method_of::<P>(), P::path());
        let declared = Declared { method: method.clone(), path: path.clone(), declaration };
        let add: Add = Box::new(move |router, meter| {
            let meter = meter.route(&method, &path, declaration.class);
            router.route(method, &path, move |context| {
                let (handler, meter) = (handler.clone(), Arc::clone(&meter));
                async move {
                    let began = Instant::now();
                    let answer = match admit(declaration, context).await {
                        Ok(call) => handler(call).await,
                        Err(problem) => Err(problem),
                    };
                    meter.answered(began, &answer);
                    answer
                }
            })
        });
        self.routes.push((declared, add));
        self
    }

    /// The declared routes in order.
    pub(crate) fn declared(self) -> Vec<Declared> {
        self.routes.into_iter().map(|(declared, _)| declared).collect()
    }

    /// A router of all routes with this state.
    pub(crate) fn router(self, api: Arc<Api>) -> Router<Api> {
        let meter = api.meter.clone();
        self.routes
            .into_iter()
            .fold(Router::with_shared_state(api), |router, (_, add)| add(router, &meter))
    }
}

/// The method of an operation; each has one.
fn method_of<P: Path>() -> Method {
    match P::methods().first() {
        Some(HttpMethod::Post) => Method::POST,
        Some(HttpMethod::Put) => Method::PUT,
        Some(HttpMethod::Delete) => Method::DELETE,
        Some(HttpMethod::Options) => Method::OPTIONS,
        Some(HttpMethod::Head) => Method::HEAD,
        Some(HttpMethod::Patch) => Method::PATCH,
        Some(HttpMethod::Trace) => Method::TRACE,
        Some(HttpMethod::Get) | None => Method::GET,
    }
}

/// Admits a request or returns the problem.
async fn admit(declaration: Declaration, context: Context<Api>) -> Result<Call, Problem> {
    let api = context.shared_state();
    let identified = match declaration.access {
        Access::Probe => Ok(Caller::Anonymous),
        // Public resources ignore invalid credentials.
        Access::Anyone => identify(&context).await.or(Ok(Caller::Anonymous)),
        Access::Player | Access::Own | Access::Receipts | Access::Orders | Access::Admin => {
            identify(&context).await
        }
    };
    if let Err(limited) = quotas::measure(&context, declaration.class, identified.as_ref().ok()) {
        api.meter.limited(declaration.class);
        return Err(limited);
    }
    if !matches!(identified, Ok(Caller::Anonymous)) {
        api.meter.identified(identified.as_ref().err());
    }
    let caller = identified?;
    declaration.access.check(&caller)?;
    let sector = match context.extension::<SectorName>() {
        None => Arc::clone(api.sectors.home()),
        Some(SectorName(_)) if declaration.scope == Scope::Service => {
            return Err(Problem::not_found(
                catalogue::NOT_FOUND,
                "This path does not belong to a sector: remove /sectors/{sector} from it.",
            ));
        }
        Some(SectorName(name)) => api.sectors.get(name).await.map_err(of_sector)?,
    };
    Ok(Call::new(context, caller, sector))
}
