//! Responses that many operations share: errors before and around the handler, and headers. They
//! follow from the declaration of the route, so no operation can omit them.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::Components;
use utoipa::openapi::{Content, Object, OpenApi, Ref, RefOr, Response, Type};

use http_kit::{Kind, catalogue};
use sector_wire::Code;

use crate::describe::examples::Examples;
use crate::identity::access::{Access, Declaration, Scope};

/// The media type of problems.
const PROBLEM_JSON: &str = "application/problem+json";

/// An error response of many operations: its status, component name and description.
struct Shared(&'static str, &'static str, &'static str);

const TOO_SLOW: Shared =
    Shared("408", "BodyTooSlow", "`body_too_slow`: the body arrived below the minimum rate.");
const URI_TOO_LONG: Shared =
    Shared("414", "UriTooLong", "`uri_too_long`: the path and query are too long.");
const RATE_LIMITED: Shared = Shared(
    "429",
    "RateLimited",
    "`rate_limited`: a rate limit is used up; wait for the seconds in Retry-After.",
);
const TOO_MANY_HEADERS: Shared = Shared(
    "431",
    "TooManyHeaders",
    "`too_many_headers`. If the headers are too large in bytes, the response has no body.",
);
const INTERNAL: Shared = Shared("500", "Internal", "`internal`: the server failed.");
const UNAVAILABLE: Shared = Shared(
    "503",
    "Unavailable",
    "`store_unavailable`, `no_universe`, `stopping`, `too_many_sectors`, `overloaded`, `request_timeout`: try again after the seconds in Retry-After.",
);
const NO_SECTOR: Shared = Shared(
    "404",
    "UnknownSector",
    "`unknown_sector`: the path starts with `/sectors/{sector}`, and no sector has this name.",
);
const NOT_OF_A_SECTOR: Shared = Shared(
    "404",
    "NotOfASector",
    "`not_found`: there is nothing at this path under `/sectors/{sector}`.",
);

/// All shared responses.
const SHARED: [&Shared; 8] = [
    &TOO_SLOW,
    &URI_TOO_LONG,
    &RATE_LIMITED,
    &TOO_MANY_HEADERS,
    &INTERNAL,
    &UNAVAILABLE,
    &NO_SECTOR,
    &NOT_OF_A_SECTOR,
];

/// Headers of responses: name, type and description.
const HEADERS: [(&str, Type, &str); 7] = [
    ("ETag", Type::String, "Send it as If-None-Match to get 304 while the content is unchanged."),
    (
        "X-Request-Id",
        Type::String,
        "Id of the request, as in `instance` and the server's log. A valid id sent by the client is kept.",
    ),
    (
        "RateLimit",
        Type::String,
        "What is left of each quota that counts the request, and the seconds until it is full: `\"reads\";r=2999;t=1`.",
    ),
    (
        "RateLimit-Policy",
        Type::String,
        "Quotas that count the request, each with its number of requests and window in seconds: `\"reads\";q=3000;w=60`.",
    ),
    ("Retry-After", Type::Integer, "Seconds to wait before trying again."),
    ("WWW-Authenticate", Type::String, "`Bearer`."),
    (
        "Idempotency-Replayed",
        Type::String,
        "`true` if this is the response to an earlier request with the same key.",
    ),
];

/// Headers of every response.
const ALWAYS: [&str; 3] = ["X-Request-Id", "RateLimit", "RateLimit-Policy"];

/// Adds shared responses, headers and examples to the document.
pub(crate) fn complete(document: &mut OpenApi) -> Result<(), serde_json::Error> {
    let examples = Examples::load()?;
    let components = document.components.get_or_insert_default();
    describe_shared(components, &examples);
    for route in crate::declared() {
        let Some(item) = document.paths.paths.get_mut(&route.path) else { continue };
        let operation = match route.method {
            http::Method::GET => item.get.as_mut(),
            http::Method::POST => item.post.as_mut(),
            http::Method::PUT => item.put.as_mut(),
            http::Method::DELETE => item.delete.as_mut(),
            _ => None,
        };
        if let Some(operation) = operation {
            complete_operation(operation, route.declaration);
            examples.show(&route.method, &route.path, operation);
        }
    }
    Ok(())
}

fn describe_shared(components: &mut Components, examples: &Examples) {
    examples.describe(components);
    for (name, kind, description) in HEADERS {
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(description.to_owned());
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for &Shared(status, name, description) in SHARED {
        let mut response = Response::new(description);
        finish(status, &mut response);
        examples.show_problems(status, &mut response);
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
}

fn complete_operation(operation: &mut Operation, declaration: Declaration) {
    // A summary without a description is the description too.
    if operation.description.is_none() {
        operation.description.clone_from(&operation.summary);
    }
    let has_body = operation.request_body.is_some();
    let (is_done_once, is_compared) =
        (takes(operation, "Idempotency-Key"), takes(operation, "If-None-Match"));
    let mut answers = Answers(operation);
    answers.kit(catalogue::INVALID_QUERY);
    if has_body {
        answers.kit(catalogue::MALFORMED_JSON);
        answers.kit(catalogue::INVALID_BODY);
        answers.kit(catalogue::BODY_BROKEN);
        answers.kit(catalogue::UNSUPPORTED_MEDIA_TYPE);
        answers.shared(&TOO_SLOW);
    }
    if !matches!(declaration.access, Access::Probe | Access::Anyone) {
        answers.credentials(declaration.access);
    }
    if is_done_once {
        answers.problem(Code::InvalidIdempotencyKey);
        answers.problem(Code::RequestUnderWay);
        answers.problem(Code::IdempotencyKeyReused);
    }
    answers.shared(match declaration.scope {
        Scope::Sector => &NO_SECTOR,
        Scope::Service => &NOT_OF_A_SECTOR,
    });
    for shared in [&URI_TOO_LONG, &RATE_LIMITED, &TOO_MANY_HEADERS, &INTERNAL, &UNAVAILABLE] {
        answers.shared(shared);
    }
    if is_compared {
        let known = Response::new("Not modified; there is no body.");
        operation.responses.responses.entry("304".to_owned()).or_insert(RefOr::T(known));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            finish(status, response);
            if is_done_once && status == "200" {
                refer(response, "Idempotency-Replayed");
            }
            if is_compared && (status == "200" || status == "304") {
                refer(response, "ETag");
            }
        }
    }
}

/// Whether an operation has a parameter of this name.
fn takes(operation: &Operation, name: &str) -> bool {
    let has_name =
        |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(one) if one.name == name);
    operation.parameters.iter().flatten().any(has_name)
}

/// Responses of an operation.
struct Answers<'a>(&'a mut Operation);

impl Answers<'_> {
    /// Adds the problems of credentials.
    fn credentials(&mut self, access: Access) {
        self.problem(Code::TwoCredentials);
        self.problem(Code::Unauthenticated);
        self.problem(Code::BearerRequired);
        let token = "`token_expired`, `token_signature` and others: Invalid token.";
        self.say("401", "token_expired", token);
        self.problem(Code::SessionEnded);
        self.problem(Code::KeyUnknown);
        self.problem(Code::BotTokenWrong);
        self.problem(Code::BotsDisabled);
        match access {
            Access::Admin => self.problem(Code::NotAdmin),
            Access::Orders | Access::Receipts => {}
            _ => self.problem(Code::NotAPlayer),
        }
        if matches!(access, Access::Own | Access::Orders | Access::Receipts) {
            self.problem(Code::KeyNotGoodForThis);
        }
    }

    /// Adds a problem to the response of its status.
    fn problem(&mut self, code: Code) {
        if let [status] = code.statuses() {
            self.code(*status, code.name(), code.meaning());
        }
    }

    /// Adds a problem of the HTTP kit to the response of its status.
    fn kit(&mut self, kind: Kind) {
        if let [status] = kind.statuses {
            self.code(*status, kind.code, kind.meaning);
        }
    }

    /// Adds a code to the response of a status, unless the response names it already.
    fn code(&mut self, status: u16, code: &str, meaning: &str) {
        self.say(&status.to_string(), code, &format!("`{code}`: {meaning}"));
    }

    /// Adds a shared response. If the operation has its own response with this status, adds the codes
    /// to it.
    fn shared(&mut self, &Shared(status, name, description): &Shared) {
        let responses = &mut self.0.responses.responses;
        if responses.contains_key(status) {
            self.say(status, description, description);
        } else {
            responses.insert(status.to_owned(), RefOr::Ref(Ref::from_response_name(name)));
        }
    }

    fn say(&mut self, status: &str, named: &str, sentence: &str) {
        let responses = &mut self.0.responses.responses;
        let response =
            responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new("")));
        if let RefOr::T(response) = response
            && !response.description.contains(&format!("`{named}`"))
        {
            let separator = if response.description.is_empty() { "" } else { " " };
            response.description.push_str(&format!("{separator}{sentence}"));
        }
    }
}

/// Adds headers to a response, and a body to an error.
fn finish(status: &str, response: &mut Response) {
    ALWAYS.iter().for_each(|name| refer(response, name));
    match status {
        "401" => refer(response, "WWW-Authenticate"),
        "429" | "503" => refer(response, "Retry-After"),
        _ => {}
    }
    if status.starts_with(['4', '5']) {
        let schema = Ref::from_schema_name("ProblemDocument");
        let content = RefOr::T(Content::new(Some(schema)));
        response.content.entry(PROBLEM_JSON.to_owned()).or_insert(content);
    }
}

fn refer(response: &mut Response, header: &str) {
    let reference = Ref::new(format!("#/components/headers/{header}"));
    response.headers.entry(header.to_owned()).or_insert(RefOr::Ref(reference));
}
