//! Health responses, the same for all services.
//!
//! `/livez`: the process responds. `/readyz`: it can do its work. `/health`: the same with details
//! for people.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::body::Response;
use crate::problem::Problem;
use crate::reply;

/// Health of a service: `{"status":"ok","service":…,"version":…, …}`.
#[derive(Debug, Clone)]
pub struct Health {
    is_ok: bool,
    fields: Map<String, Value>,
}

impl Health {
    /// The service works. `version` is usually `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn ok(service: &str, version: &str) -> Self {
        Self::new(true, "ok", service, version)
    }

    /// The service cannot work at present.
    #[must_use]
    pub fn failing(service: &str, version: &str, reason: impl Into<String>) -> Self {
        Self::new(false, "failing", service, version).with("reason", reason.into())
    }

    fn new(is_ok: bool, status: &str, service: &str, version: &str) -> Self {
        let fields = [("status", status), ("service", service), ("version", version)]
            .map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self { is_ok, fields: fields.into_iter().collect() }
    }

    /// Adds a detail, such as the tick.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// 200 if healthy, otherwise 503.
    ///
    /// # Errors
    /// An internal problem if the details cannot be written as JSON.
    pub fn respond(&self) -> Result<Response, Problem> {
        let status = if self.is_ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        reply::json_with_status(status, &self.fields)
    }
}
