//! A scripted OpenAI-compatible endpoint over real HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How the endpoint answers a question.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Answers with this text.
    Say(String),
    /// Sends every listed fleet along its first lane to a foreign system.
    Advance,
    /// Answers with this status, headers and text.
    Status(u16, Vec<(&'static str, &'static str)>, String),
    /// Holds the answer back until the semaphore has a permit.
    Hold(Arc<Semaphore>),
}

/// A received question.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) when: Instant,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// The endpoint. Each behaviour applies to one question, the last one to all that follow.
#[derive(Debug)]
pub(crate) struct Fake {
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(crate) fn start(behaviours: Vec<Behaviour>) -> Fake {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (behaviours, heard) = (Arc::new(Mutex::new(behaviours)), asked.clone());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (behaviours, heard) = (behaviours.clone(), heard.clone());
                let service = hyper::service::service_fn(move |request| {
                    answer(request, behaviours.clone(), heard.clone())
                });
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Fake { address, runtime: Some(runtime), asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Stops, and closes all connections.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn answer(
    request: Request<Incoming>,
    behaviours: Arc<Mutex<Vec<Behaviour>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/chat/completions"));
    let authorization =
        request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let behaviour = {
        let mut behaviours = behaviours.lock().unwrap();
        if behaviours.len() > 1 { behaviours.remove(0) } else { behaviours[0].clone() }
    };
    let question = body["messages"][1]["content"].as_str().unwrap().to_owned();
    asked.lock().unwrap().push(Asked { when: Instant::now(), authorization, body });
    Ok(match behaviour {
        Behaviour::Say(text) => said(&text),
        Behaviour::Advance => said(&advance(&question)),
        Behaviour::Status(status, headers, text) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Full::from(text)).unwrap()
        }
        Behaviour::Hold(gate) => {
            gate.acquire().await.unwrap().forget();
            said(&advance(&question))
        }
    })
}

fn said(text: &str) -> Response<Full<Bytes>> {
    let message = json!({ "role": "assistant", "content": text });
    let body = json!({ "id": "x", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] });
    Response::new(Full::from(body.to_string()))
}

/// Reads the description and advances with every fleet.
fn advance(question: &str) -> String {
    let orders = question.lines().filter(|line| line.starts_with("fleet ")).filter_map(|line| {
        let (fleet, lanes) = line.split_once(" lanes:")?;
        let words: Vec<&str> = fleet.split(' ').collect();
        let to = lanes.split(')').find(|lane| lane.contains('(') && !lane.contains("yours"))?;
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let target = number(to.split('(').next()?)?;
        let (fleet, origin) = (number(words[1])?, number(words[3])?);
        Some(json!({ "kind": "move", "fleet_id": fleet, "origin_id": origin, "target_id": target }))
    });
    let orders: Vec<Value> = orders.collect();
    format!("Forward, all of you!\n```json\n{}\n```", json!({ "orders": orders }))
}
