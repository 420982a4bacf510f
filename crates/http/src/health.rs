//! Health answers, of one shape for all services.
//!
//! `/livez` says that the process answers at all, `/readyz` that it can do its work, `/health` the
//! same with particulars for people.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::body::Response;
use crate::problem::Problem;
use crate::reply;

/// How a service is: `{"status":"ok","service":…,"version":…, …}`.
#[derive(Debug, Clone)]
pub struct Health {
    is_ok: bool,
    fields: Map<String, Value>,
}

impl Health {
    /// The service does its work. `version` is usually `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn ok(service: &str, version: &str) -> Self {
        Self::new(true, "ok", service, version)
    }

    /// The service cannot do its work at present, for this `reason`.
    #[must_use]
    pub fn failing(service: &str, version: &str, reason: impl Into<String>) -> Self {
        Self::new(false, "failing", service, version).with("reason", reason.into())
    }

    fn new(is_ok: bool, status: &str, service: &str, version: &str) -> Self {
        let fields = [("status", status), ("service", service), ("version", version)]
            .map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self { is_ok, fields: fields.into_iter().collect() }
    }

    /// Adds a particular, such as the tick.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// 200 if it is well, else 503; never to be cached.
    ///
    /// # Errors
    /// An internal problem if it cannot be written as JSON.
    pub fn respond(&self) -> Result<Response, Problem> {
        let status = if self.is_ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        reply::json_with_status(status, &self.fields)
    }
}
