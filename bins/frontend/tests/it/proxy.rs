//! `/api/…`: the API under the frontend's origin.

use frontend::{ApiUrl, Config};
use http::Method;
use http_kit::{Context, Limits, Problem, Response, Router, reply};
use process_kit::CancellationToken;
use tokio::net::TcpListener;

use crate::harness::{Frontend, patiently};

/// An API that echoes the request.
async fn echo(mut context: Context<()>) -> Result<Response, Problem> {
    let body = context.bytes(1_000).await?;
    reply::json(&serde_json::json!({
        "method": context.method().as_str(),
        "path": context.uri().path_and_query().map(ToString::to_string),
        "forwarded": context.header("x-forwarded-for"),
        "bearer": context.bearer(),
        "connection": context.header("x-of-this-hop"),
        "body": String::from_utf8_lossy(&body),
    }))
}

fn config_for(address: std::net::SocketAddr) -> Config {
    Config { api_url: format!("http://{address}").parse::<ApiUrl>().unwrap(), ..Config::default() }
}

#[tokio::test]
async fn requests_reach_the_api_without_the_prefix() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config_for(listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let routes = Router::new(())
        .any("/orders", echo)
        .any("/api/orders", echo)
        .route(Method::GET, "/teapot", |_: Context<()>| async {
            Err(Problem::conflict("teapot", "Short and stout."))
        })
        .build()
        .unwrap();
    let api = tokio::spawn(http_kit::serve(listener, routes, Limits::default(), shutdown.clone()));
    let frontend = Frontend::start(config).await;
    let headers = [
        ("authorization", "Bearer t0ken"),
        ("connection", "x-of-this-hop"),
        ("x-of-this-hop", "1"),
    ];
    let echoed =
        frontend.ask("POST", "/api/orders?a=%20b", &headers, "{\"orders\":[]}").await.json();
    assert_eq!((&echoed["method"], &echoed["path"]), (&"POST".into(), &"/orders?a=%20b".into()));
    assert_eq!((&echoed["forwarded"], &echoed["bearer"]), (&"127.0.0.1".into(), &"t0ken".into()));
    assert_eq!(
        (&echoed["connection"], &echoed["body"]),
        (&serde_json::Value::Null, &"{\"orders\":[]}".into())
    );
    // The prefix is removed once.
    assert_eq!(frontend.get("/api/api/orders", &[]).await.json()["path"], "/api/orders");
    frontend.get("/api/teapot", &[]).await.problem(409, "teapot");
    frontend.get("/api/none", &[]).await.problem(404, "not_found");
    frontend.stop().await;
    shutdown.cancel();
    patiently(api).await.unwrap();
}

#[tokio::test]
async fn an_unreachable_api_is_502() {
    // An unused port: bound and closed again.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let frontend = Frontend::start(config_for(free)).await;
    frontend.get("/api/snapshot", &[]).await.problem(502, "api_unreachable");
    assert_eq!(frontend.get("/", &[]).await.status, 200, "the page does without it");
    frontend.stop().await;
}
