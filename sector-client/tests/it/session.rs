//! Logins, claims and errors.

use sector_auth::Secret;
use sector_client::{Client, Error, Patience};
use sector_sim::{Command, Focus, Order, SystemId};

use crate::harness::{BOT_TOKEN, Sector, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_claims_and_leaves_and_comes_back_with_the_key() {
    let sector = Sector::start(50, 1_000).await;
    let client = sector.client().await;
    assert!(matches!(client.me().await, Err(Error::Unauthorized(_))));
    let key = client.guest().await.unwrap();
    let me = client.claim("F1".parse().unwrap()).await.unwrap();
    assert_eq!((me.address.as_str(), me.faction.as_deref()), (key.address().to_string().as_str(), Some("F1")));

    let back = sector.client().await;
    back.login(&key).await.unwrap();
    assert_eq!(back.me().await.unwrap().faction.as_deref(), Some("F1"));
    let list = back.factions().await.unwrap();
    assert!(list.factions.iter().all(|seat| seat.claimed == (seat.id.to_string() == "F1")));
    assert_eq!(back.release().await.unwrap().as_deref(), Some("F1"));
    assert_eq!(client.me().await.unwrap().faction, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_has_run_out_is_renewed() {
    let sector = Sector::start(50, 1_000).await;
    let client = sector.player(1).await;
    let clone = client.clone();
    client.me().await.unwrap();
    sector.pass_seconds(2 * 86_400);
    let (first, second) = tokio::join!(client.me(), clone.me());
    assert_eq!(first.unwrap().address, key(1).address().to_string());
    assert_eq!(second.unwrap().address, key(1).address().to_string());

    // Without the key there is nothing to renew it with.
    let bot = client.with_bot_token(&Secret::new("wrong").unwrap()).unwrap();
    assert_eq!(bot.me().await.unwrap_err().code(), Some("bot_token_wrong"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_say_what_to_do() {
    let sector = Sector::start(50, 1_000).await;
    let (one, two) = (sector.player(1).await, sector.player(2).await);
    let (first, second) = ("F1".parse().unwrap(), "F2".parse().unwrap());
    one.claim(first).await.unwrap();
    let taken = two.claim(first).await.unwrap_err();
    assert!(matches!(taken, Error::Refused(_)), "{taken}");
    assert_eq!((taken.status(), taken.code()), (Some(409), Some("faction_claimed")));
    assert!(taken.request_id().is_some_and(|id| taken.to_string().contains(id)), "{taken}");

    let order = Order::new(second, Command::Focus { system: SystemId(0), focus: Focus::Order });
    let foreign = one.send_orders(std::slice::from_ref(&order)).await.unwrap_err();
    assert!(matches!(foreign, Error::Forbidden(_)), "{foreign}");
    assert_eq!(foreign.problem().unwrap().errors[0].field, "orders[0].faction");
    assert!(matches!(one.is_paused().await, Err(Error::Forbidden(_))));
    assert!(matches!(one.send_orders(&[]).await, Err(Error::Refused(_))));

    let bots = one.with_bot_token(&Secret::new(BOT_TOKEN).unwrap()).unwrap();
    bots.send_orders(&[order]).await.unwrap();
    let trimmed = bots.events("999999-0", 1, std::time::Duration::ZERO).await.unwrap_err();
    assert!(matches!(trimmed, Error::HistoryTrimmed(_)), "{trimmed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_pauses_and_restarts() {
    let sector = Sector::start(50, 1_000).await;
    let admin = sector.player(200).await;
    assert!(!admin.is_paused().await.unwrap());
    assert!(admin.set_paused(true).await.unwrap());
    assert!(admin.is_paused().await.unwrap());
    assert!(!admin.set_paused(false).await.unwrap());
    sector.player(1).await.claim("F3".parse().unwrap()).await.unwrap();
    assert_eq!(admin.bots_only().await.unwrap(), 1);
    assert_eq!(admin.restart(Some(9)).await.unwrap().seed, Some(9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sector_that_is_away_is_named_after_some_attempts() {
    let mut sector = Sector::start(50, 1_000).await;
    sector.stop_api().await;
    let patience = Patience { attempts: 2, ..Patience::default() };
    let client = Client::with_patience(&sector.url(), patience).unwrap();
    let error = client.health().await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains(&sector.url()), "{error}");

    // A call that began while it was away succeeds once it is back.
    let client = Client::with_patience(&sector.url(), Patience { attempts: 1_000, ..patience }).unwrap();
    let waiting = tokio::spawn(async move { client.health().await });
    sector.start_api().await;
    assert_eq!(waiting.await.unwrap().unwrap().status, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_sector_is_said_to_be_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in ["200 OK\r\ncontent-length: 5\r\n\r\nhello", "404 Not Found\r\ncontent-length: 0\r\n\r\n"] {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut request = [0; 1_024];
            _ = tokio::io::AsyncReadExt::read(&mut peer, &mut request).await.unwrap();
            let answer = format!("HTTP/1.1 {}", answer.replacen("\r\n", "\r\nconnection: close\r\n", 1));
            tokio::io::AsyncWriteExt::write_all(&mut peer, answer.as_bytes()).await.unwrap();
        }
    });
    let other = Client::connect(&url).await.unwrap_err();
    assert!(matches!(other, Error::Mismatch { .. }), "{other}");
    let nothing = Client::connect(&url).await.unwrap_err();
    assert_eq!((nothing.status(), nothing.code()), (Some(404), Some("no_problem")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_without_its_key_is_renewed_and_ends_when_it_is_told_to() {
    let sector = Sector::start(50, 1_000).await;
    let client = Client::connect(&sector.url()).await.unwrap();
    client.login(&key(200)).await.unwrap();
    let reader = client.clone();
    // The token runs out; the session goes on.
    sector.pass_seconds(901);
    assert_eq!(reader.me().await.unwrap().address, key(200).address().to_string());
    client.logout().await.unwrap();
    assert!(matches!(reader.me().await, Err(Error::Unauthorized(_))), "the clones are signed out too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_gives_orders_with_the_key_of_its_player() {
    let sector = Sector::start(50, 1_000).await;
    let player = Client::connect(&sector.url()).await.unwrap();
    player.login(&key(1)).await.unwrap();
    player.claim("F1".parse().unwrap()).await.unwrap();
    let asked = sector_client::types::KeyRequest {
        label: "drone".parse().unwrap(),
        verbs: vec!["read".into(), "orders".into()],
        expires_in: None,
    };
    let issued = player.api().issue_key(&asked).await.unwrap().into_inner();
    let bot = player.with_bot_key(&Secret::new(issued.key).unwrap()).unwrap();
    assert_eq!(bot.me().await.unwrap().faction.as_deref(), Some("F1"));
    assert!(matches!(bot.release().await, Err(Error::Forbidden(_))));
    player.api().revoke_key(&issued.id).await.unwrap();
    assert!(matches!(bot.me().await, Err(Error::Unauthorized(_))));
    assert!(player.with_bot_key(&Secret::new("sector_key_typo").unwrap()).is_err());
}
