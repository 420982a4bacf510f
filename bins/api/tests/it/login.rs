//! Logins, end to end.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::harness::{Sector, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_message_earns_a_token() {
    let sector = Sector::start().await;
    let token = sector.log_in(1).await;
    let me = sector.get_as(&token, "/me").await;
    assert_eq!(
        me.json(),
        json!({"address": key(1).address().to_string(), "faction": null, "universe_id": "u-1", "role": "player"})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_that_present_one_signature_one_gets_a_token() {
    let sector = Sector::start().await;
    let key = key(1);
    let address = key.address().to_string();
    let message = sector.post("/auth/nonce", &json!({"address": address})).await.json();
    let body = json!({"address": address, "signature": key.sign_message(message["message"].as_str().unwrap())});
    let (mut granted, mut refused) = (0, 0);
    let answers: Vec<_> = (0..100).map(|_| sector.post("/auth/verify", &body)).collect();
    for answer in join_all(answers).await {
        if answer.status == 200 {
            granted += 1;
        } else {
            answer.problem(401, "nonce_unknown");
            refused += 1;
        }
    }
    assert_eq!((granted, refused), (1, 99));
}

/// Runs all at once, on this task.
pub(crate) async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_signature_earns_nothing_and_uses_the_message_up() {
    let sector = Sector::start().await;
    let address = key(1).address().to_string();
    let message = sector.post("/auth/nonce", &json!({"address": address})).await.json();
    let text = message["message"].as_str().unwrap();

    let foreign = json!({"address": address, "signature": key(2).sign_message(text)});
    sector.post("/auth/verify", &foreign).await.problem(401, "wrong_signer");
    let own = json!({"address": address, "signature": key(1).sign_message(text)});
    sector.post("/auth/verify", &own).await.problem(401, "nonce_unknown");

    sector.post("/auth/nonce", &json!({"address": address})).await;
    let garbage = json!({"address": address, "signature": "0xzz"});
    sector.post("/auth/verify", &garbage).await.problem(401, "signature_not_hex");
    let long = json!({"address": address, "signature": "0".repeat(300)});
    sector.post("/auth/verify", &long).await.problem(400, "invalid_body");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_message_is_bound_to_site_chain_nonce_and_time() {
    let sector = Sector::start().await;
    let address = key(1).address().to_string();
    let answer = sector.post("/auth/nonce", &json!({"address": address})).await.json();
    let text = answer["message"].as_str().unwrap();
    let nonce = answer["nonce"].as_str().unwrap();
    for part in [
        "localhost:9000 wants you to sign in",
        &address,
        "URI: http://localhost:9000",
        "Chain ID: 1",
        &format!("Nonce: {nonce}"),
        "Issued At: 2026-11-22T08:00:00",
        "Expiration Time: 2026-11-22T08:05:00",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    sector.pass_seconds(300);
    let late = json!({"address": address, "signature": key(1).sign_message(text)});
    sector.post("/auth/verify", &late).await.problem(401, "message_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_message_replaces_the_old_one() {
    let sector = Sector::start().await;
    let address = key(1).address().to_string();
    let old = sector.post("/auth/nonce", &json!({"address": address})).await.json();
    sector.post("/auth/nonce", &json!({"address": address})).await;
    let signature = key(1).sign_message(old["message"].as_str().unwrap());
    let answer =
        sector.post("/auth/verify", &json!({"address": address, "signature": signature})).await;
    answer.problem(401, "wrong_signer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_none_is_refused_by_name() {
    let sector = Sector::start().await;
    let problem =
        sector.post("/auth/nonce", &json!({"address": "0x12"})).await.problem(400, "invalid_body");
    insta::assert_json_snapshot!(problem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_and_a_bad_one_is_named() {
    let sector = Sector::start().await;
    let token = sector.log_in(1).await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    for (token, code) in [("nonsense", "token_malformed"), (forged.as_str(), "token_signature")] {
        let answer = sector.get_as(token, "/me").await;
        answer.problem(401, code);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let basic = sector.request(Method::GET, "/me").header("authorization", "Basic dTpw");
    sector.send(basic, "").await.problem(401, "bearer_required");
    sector.get("/me").await.problem(401, "unauthenticated");

    sector.pass_seconds(86_400);
    sector.get_as(&token, "/me").await.problem(401, "token_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operators_code_works_once() {
    let sector = Sector::start().await;
    api::allow_operator(sector.store.as_ref(), "open sesame", Duration::from_secs(60))
        .await
        .unwrap();
    sector
        .post("/auth/operator", &json!({"code": "open"}))
        .await
        .problem(401, "operator_code_unknown");
    sector.post("/auth/operator", &json!({"code": ""})).await.problem(400, "invalid_body");

    let body = json!({"code": "open sesame"});
    let answers: Vec<_> = (0..20).map(|_| sector.post("/auth/operator", &body)).collect();
    let answers = join_all(answers).await;
    let mut granted = answers.iter().filter(|answer| answer.status == 200);
    let token = granted.next().unwrap().json()["token"].as_str().unwrap().to_owned();
    assert!(granted.next().is_none());
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 19);

    assert_eq!(sector.get_as(&token, "/me").await.json()["role"], "admin");
    assert_eq!(sector.get_as(&token, "/admin/pause").await.json(), json!({"paused": false}));
}
