//! Logins, end to end.

use std::sync::Arc;

use http::Method;
use sector_auth::{Address, Secret};
use sector_redis::{Place, Store, StoreOptions};
use serde_json::{Value, json};
use store_testkit::RedisServer;

use crate::harness::{PATIENCE, Sector, config, key, signed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_message_gets_a_token() {
    let sector = Sector::start().await;
    let token = sector.log_in(1).await;
    let me = sector.get_as(&token, "/me").await;
    assert_eq!(
        me.json(),
        json!({"address": key(1).address().to_string(), "faction": null, "universe_id": "u-1", "role": "player"})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_signature_gets_one_token_from_a_hundred_requests() {
    for (name, store, _guard) in stores().await {
        let sector = Sector::on(store, config(), None).await;
        let body = signed(&key(1), &ask(&sector, 1).await);
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
        assert_eq!((granted, refused), (1, 99), "{name}");
        // Until the nonce expires, and after.
        for seconds in [250, 49, 1, 29, 1, 1_000] {
            sector.pass_seconds(seconds);
            let answer = sector.post("/auth/verify", &body).await;
            assert_eq!(answer.status, 401, "{name}: {answer:?}");
        }
        sector.stop().await;
    }
}

/// An empty store of each kind, with its name and a guard that keeps it alive.
pub(crate) async fn stores() -> Vec<(&'static str, Arc<dyn Store>, Box<dyn std::any::Any>)> {
    let folder = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    let open = async |place| sector_redis::open(StoreOptions::new(place)).await.unwrap();
    vec![
        ("memory", open(Place::Memory).await, Box::new(())),
        ("directory", open(Place::Directory(folder.path().into())).await, Box::new(folder)),
        ("redis", open(Place::redis(redis.url())).await, Box::new(redis)),
    ]
}

/// Requests a message for player `number`.
async fn ask(sector: &Sector, number: u8) -> Value {
    let address = key(number).address().to_string();
    sector.post("/auth/nonce", &json!({"address": address})).await.json()
}

/// Anyone can send invalid logins for a known address, with their own message or the victim's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_for_an_address_does_not_block_its_login() {
    for (name, store, _guard) in stores().await {
        let sector = Sector::on(store, config(), None).await;
        let victim = key(1).address().to_string();
        for _ in 0..8 {
            let asked = ask(&sector, 1).await;
            for _ in 0..4 {
                sector.pass_seconds(1);
                let junk = format!("0x{}", "11".repeat(65));
                let own = ask(&sector, 1).await;
                for message in [&asked["message"], &own["message"]] {
                    for (signature, code) in [
                        (junk.clone(), "signature_recovery_byte"),
                        (key(2).sign_message(message.as_str().unwrap()), "wrong_signer"),
                        ("0x".to_owned(), "signature_contract_wallet"),
                    ] {
                        let body =
                            json!({"address": victim, "message": message, "signature": signature});
                        sector.post("/auth/verify", &body).await.problem(401, code);
                    }
                }
                let body = json!({"address": victim, "signature": junk});
                sector.post("/auth/verify", &body).await.problem(400, "invalid_body");
            }
            let answer = sector.post("/auth/verify", &signed(&key(1), &asked)).await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
        }
        sector.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_nonce_requests_evicts_no_pending_login() {
    let mut config = config();
    config.quotas.limit_logins = 100_000;
    config.quotas.limit_reads = 100_000;
    let sector = Sector::empty(config).await;
    let asked = ask(&sector, 1).await;
    let mut code = [0; 20];
    for number in 0..5_050_u32 {
        code[..4].copy_from_slice(&number.to_be_bytes());
        let address = Address::new(code).to_string();
        let answer = sector.post("/auth/nonce", &json!({"address": address})).await;
        assert_eq!(answer.status, 200);
    }
    let answer = sector.post("/auth/verify", &signed(&key(1), &asked)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Used nonces are kept by address: those of one address evict none of another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_logins_of_one_address_make_no_nonce_of_another_usable_again() {
    let sector = Sector::start().await;
    let used = signed(&key(1), &ask(&sector, 1).await);
    assert_eq!(sector.post("/auth/verify", &used).await.status, 200);
    for _ in 0..150 {
        sector.log_in(2).await;
    }
    sector.post("/auth/verify", &used).await.problem(401, "nonce_unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_is_valid_for_its_address_and_server_only() {
    let sector = Sector::start().await;
    let asked = ask(&sector, 1).await;
    let (text, nonce) = (asked["message"].as_str().unwrap(), asked["nonce"].as_str().unwrap());
    let stranger = json!({"address": key(2).address().to_string()});
    let theirs = sector.post("/auth/nonce", &stranger).await.json();
    let theirs = theirs["nonce"].as_str().unwrap();
    for forged in [theirs, &nonce.to_uppercase(), &nonce[2..], "0123456789abcdef"] {
        let message = json!({"message": text.replace(nonce, forged)});
        sector.post("/auth/verify", &signed(&key(1), &message)).await.problem(401, "nonce_unknown");
    }
    let mut other = config();
    other.jwt_secret = Secret::new("another secret of thirty-two bytes").unwrap();
    let other = Sector::empty(other).await;
    let body = signed(&key(1), &asked);
    other.post("/auth/verify", &body).await.problem(401, "nonce_unknown");
    assert_eq!(sector.post("/auth/verify", &body).await.status, 200);
}

/// A nonce that was used before a restart does not work after it; one that was not still does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonces_outlive_a_restart_used_and_unused() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || {
        let opened = async {
            loop {
                let place = Place::Directory(folder.path().into());
                // Tasks of the API before may still be dropping the store.
                match sector_redis::open(StoreOptions::new(place)).await {
                    Ok(store) => return store,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let store = tokio::time::timeout(PATIENCE, opened).await.expect("the directory is free");
        Sector::on(store, config(), None).await
    };
    let sector = open().await;
    let (used, unused) =
        (signed(&key(1), &ask(&sector, 1).await), signed(&key(1), &ask(&sector, 1).await));
    let operator = json!({"code": sector.operator_code()});
    let other_operator = json!({"code": sector.operator_code()});
    assert_eq!(sector.post("/auth/verify", &used).await.status, 200);
    assert_eq!(sector.post("/auth/operator", &operator).await.status, 200);
    sector.stop().await;
    let sector = open().await;
    sector.post("/auth/verify", &used).await.problem(401, "nonce_unknown");
    sector.post("/auth/operator", &operator).await.problem(401, "operator_code_unknown");
    assert_eq!(sector.post("/auth/verify", &unused).await.status, 200);
    assert_eq!(sector.post("/auth/operator", &other_operator).await.status, 200);
}

/// Runs all futures concurrently on this task.
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
async fn a_wrong_signature_gets_no_token_and_uses_no_nonce() {
    let sector = Sector::start().await;
    let asked = ask(&sector, 1).await;
    let message = asked["message"].as_str().unwrap();
    let own = key(1).sign_message(message);
    let long = format!("0x{}6492", "00".repeat(2_000));
    for (signature, code) in [
        (key(2).sign_message(message), "wrong_signer"),
        ("0xzz".to_owned(), "signature_not_hex"),
        ("0x12".to_owned(), "signature_length"),
        (format!("{own}{}", &own[2..]), "signature_contract_wallet"),
        (long, "signature_contract_wallet"),
    ] {
        let body = json!({"message": message, "signature": signature});
        sector.post("/auth/verify", &body).await.problem(401, code);
    }
    let huge = json!({"message": message, "signature": "0".repeat(20_000)});
    sector.post("/auth/verify", &huge).await.problem(413, "payload_too_large");
    let body =
        json!({"address": key(2).address().to_string(), "message": message, "signature": own});
    sector.post("/auth/verify", &body).await.problem(401, "address_mismatch");
    // EIP-2098.
    let mut compact = hex::decode(&own[2..]).unwrap();
    compact[32] |= (compact[64] - 27) << 7;
    let compact = format!("0x{}", hex::encode(&compact[..64]));
    let body = json!({"message": message, "signature": compact});
    assert_eq!(sector.post("/auth/verify", &body).await.status, 200);
    let body = json!({"message": message, "signature": own});
    sector.post("/auth/verify", &body).await.problem(401, "nonce_unknown");
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
    // A wallet may omit the expiration time.
    let endless: String = text
        .lines()
        .take_while(|line| !line.starts_with("Expiration"))
        .collect::<Vec<_>>()
        .join("\n");
    sector.pass_seconds(299);
    let in_time = signed(&key(1), &json!({"message": endless}));
    sector.pass_seconds(1);
    let late = signed(&key(1), &answer);
    for body in [late, in_time] {
        sector.post("/auth/verify", &body).await.problem(401, "nonce_unknown");
    }
}

/// Someone else may request a message for the same address at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_message_does_not_replace_the_old_one() {
    let sector = Sector::start().await;
    let old = ask(&sector, 1).await;
    let new = ask(&sector, 1).await;
    for asked in [old, new] {
        assert_eq!(sector.post("/auth/verify", &signed(&key(1), &asked)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_address_is_refused() {
    let sector = Sector::start().await;
    let problem =
        sector.post("/auth/nonce", &json!({"address": "0x12"})).await.problem(400, "invalid_body");
    insta::assert_json_snapshot!(problem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_expire_and_invalid_ones_are_explained() {
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
    let code = sector.operator_code();
    for wrong in ["open", &code[1..], &code.to_uppercase()] {
        sector
            .post("/auth/operator", &json!({"code": wrong}))
            .await
            .problem(401, "operator_code_unknown");
    }
    sector.post("/auth/operator", &json!({"code": ""})).await.problem(400, "invalid_body");
    let late = json!({"code": code});
    sector.pass_seconds(3_600);
    sector.post("/auth/operator", &late).await.problem(401, "operator_code_unknown");

    let body = json!({"code": sector.operator_code()});
    let answers: Vec<_> = (0..20).map(|_| sector.post("/auth/operator", &body)).collect();
    let answers = join_all(answers).await;
    let mut granted = answers.iter().filter(|answer| answer.status == 200);
    let token = granted.next().unwrap().json()["token"].as_str().unwrap().to_owned();
    assert!(granted.next().is_none());
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 19);

    assert_eq!(sector.get_as(&token, "/me").await.json()["role"], "admin");
    assert_eq!(sector.get_as(&token, "/admin/pause").await.json(), json!({"paused": false}));
}
