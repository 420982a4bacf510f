//! A response of the API.

use http::HeaderMap;
use serde_json::Value;

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks that this is a well-formed problem of this status and code; returns it without the
    /// request's id.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let mut problem = self.json();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:sector:problem:{code}"));
        assert_eq!(problem["instance"].as_str(), self.header("x-request-id"));
        assert!(
            problem["title"].is_string()
                && problem["detail"].is_string()
                && problem["errors"].is_array()
        );
        let document: Result<sector_wire::ProblemDocument, _> =
            serde_json::from_value(problem.clone());
        assert!(document.is_ok(), "{document:?}");
        problem.as_object_mut().unwrap().remove("instance");
        problem
    }
}
