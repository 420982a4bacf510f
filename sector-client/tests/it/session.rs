//! Logins, claims and errors.

use std::time::Duration;

use sector_auth::Secret;
use sector_client::{BOT_VERBS, Client, Error, Patience, number_orders};
use sector_sim::order::{Amount, Focus};
use sector_sim::{Command, Order, SystemId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{BOT_TOKEN, Sector, key, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_claims_and_leaves_and_comes_back_with_the_key() {
    let sector = Sector::start(50, 1_000).await;
    let client = sector.client().await;
    assert!(matches!(client.me().await, Err(Error::Unauthorized(_))));
    let key = client.guest().await.unwrap();
    let me = client.claim("F1".parse().unwrap()).await.unwrap();
    assert_eq!(
        (me.address.as_str(), me.faction.as_deref()),
        (key.address().to_string().as_str(), Some("F1"))
    );

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
    let now = std::time::Duration::ZERO;
    let page = bots.events("0-0", None, 1, now).await.unwrap();
    let incarnation = Some(page.incarnation.as_str());
    let next = bots.events(&page.next, incarnation, 1, now).await.unwrap();
    assert_eq!(next.incarnation, page.incarnation);
    let trimmed = bots.events("999999-0", incarnation, 1, now).await.unwrap_err();
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
    let client =
        Client::with_patience(&sector.url(), Patience { attempts: 1_000, ..patience }).unwrap();
    let waiting = tokio::spawn(async move { client.health().await });
    sector.start_api().await;
    assert_eq!(waiting.await.unwrap().unwrap().status, "ok");
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
    assert!(
        matches!(reader.me().await, Err(Error::Unauthorized(_))),
        "the clones are signed out too"
    );
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_key_plays_for_its_player_until_it_is_revoked() {
    let sector = Sector::start(50, 1_000).await;
    let player = sector.player(1).await;
    let me = "F1".parse().unwrap();
    player.claim(me).await.unwrap();
    let issued = player
        .issue_key("night watch", &BOT_VERBS, Some(Duration::from_secs(3_600)))
        .await
        .unwrap();
    let listed = player.keys().await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].id.as_str(), listed[0].label.as_str()),
        (1, issued.id.as_str(), "night watch")
    );

    let bot = sector.client().await;
    bot.bot_key(&issued.key).await.unwrap();
    assert_eq!(bot.me().await.unwrap().faction.as_deref(), Some("F1"));
    let snapshot = bot.snapshot().await.unwrap();
    let home = snapshot.factions[0].home_id.unwrap();
    let mut orders = [Order::new(me, Command::Focus { system: home, focus: Focus::Industry })];
    number_orders(&snapshot.universe_id, snapshot.tick, &mut orders);
    let receipt = bot.send_orders(&orders).await.unwrap();
    let again = bot.send_orders(&orders).await.unwrap();
    assert_eq!(again.duplicates, [orders[0].client_id.as_deref().unwrap()]);
    let told = until("the order's outcome", || async {
        bot.order(&receipt.id)
            .await
            .ok()
            .filter(|told| told.orders[0].status.to_string() == "applied")
    })
    .await;
    assert_eq!(told.orders.len(), 1);
    assert!(bot.my_orders(10).await.unwrap().iter().any(|order| order.id == receipt.id));

    player.revoke_key(&issued.id).await.unwrap();
    let refused = bot.me().await.unwrap_err();
    assert!(matches!(refused, Error::Unauthorized(_)), "{refused}");
    assert!(refused.to_string().contains("issue another"), "{refused}");
    assert!(matches!(bot.bot_key("sector_key_x").await, Err(Error::Credential(_))));
    assert!(matches!(player.issue_key("", &BOT_VERBS, None).await, Err(Error::Credential(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_read_is_read() {
    let sector = Sector::start(50, 1_000).await;
    let client = sector.player(1).await;
    let me = "F1".parse().unwrap();
    client.claim(me).await.unwrap();
    let status = client.status().await.unwrap();
    assert_eq!((status.service.as_str(), status.version.as_str()), ("api", sector_client::VERSION));
    let snapshot = client.snapshot().await.unwrap();
    let home = snapshot.factions[0].home_id.unwrap();
    let system = client.system(home).await.unwrap();
    assert_eq!(system.system.id, home);
    let faction = client.faction(me).await.unwrap();
    assert_eq!((faction.faction.id, faction.seat.claimed), (me, true));
    assert_eq!(client.rules().await.unwrap(), sector_sim::Rules::classic());
    assert_eq!(client.leaderboard().await.unwrap().victories, 0);
    // None has ended yet; the running one is known by its universe.
    assert!(client.runs(None, 10).await.unwrap().runs.is_empty());
    assert_eq!(client.run(&snapshot.universe_id).await.unwrap().seed, 7);
    // Looking at an order gives none.
    let target = SystemId(system.lanes[0].system_id);
    let look =
        Order::new(me, Command::Move { origin: home, target, fleet: None, amount: Amount::All });
    let preview = client.check_orders(&[look]).await.unwrap();
    assert_eq!((preview.orders.len(), preview.orders[0].verdict.to_string().as_str()), (1, "good"));
    assert!(client.my_orders(10).await.unwrap().is_empty());

    let sectors = client.sectors().await.unwrap();
    assert_eq!(sectors.len(), 1);
    let same = client.sector(&sectors[0].name).unwrap();
    assert_eq!(same.me().await.unwrap().faction.as_deref(), Some("F1"));
    let other = client.sector("nowhere").unwrap().status().await.unwrap_err();
    assert!(matches!(other, Error::Refused(_)), "{other}");
    for bad in ["", "a/b", "..", "North", &"n".repeat(33)] {
        assert!(matches!(client.sector(bad), Err(Error::Address { .. })), "{bad}");
    }
}

/// A server that answers everything with this.
async fn server_that_says(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 2_048];
            let _ = connection.read(&mut request).await;
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    url
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_server_is_told_from_a_wrong_version_and_from_none() {
    let page = server_that_says(answer("200 OK", "text/html", "<!doctype html><p>Welcome")).await;
    let error = Client::connect(&page).await.unwrap_err();
    assert!(matches!(error, Error::NotASector { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "the server at {page} is not a sector's API but 200 with text/html; correct the URL (a sector's page serves its API at /api)"
        )
    );

    let missing = server_that_says(answer("404 Not Found", "application/json", "{}")).await;
    assert!(matches!(Client::connect(&missing).await, Err(Error::NotASector { .. })));

    let other = server_that_says(answer(
        "200 OK",
        "application/json",
        r#"{"service":"mail","version":"0.1.0"}"#,
    ))
    .await;
    let error = Client::connect(&other).await.unwrap_err();
    assert!(error.to_string().contains("calls itself \"mail\""), "{error}");

    let newer = server_that_says(answer(
        "200 OK",
        "application/json",
        r#"{"service":"api","version":"9.2.0"}"#,
    ))
    .await;
    let error = Client::connect(&newer).await.unwrap_err();
    assert!(matches!(error, Error::Version { .. }), "{error}");
    assert!(
        error.to_string().contains("has version 9.2.0")
            && error.to_string().ends_with("use sector-client 9.2.0")
    );
    // A client that did not check first learns it from the first response it cannot parse.
    let mut ticks =
        Client::new(&newer).unwrap().ticks_by(sector_client::Transport::LongPoll(Duration::ZERO));
    let error = ticks.next().await.unwrap_err();
    assert!(matches!(error, Error::Version { .. }), "{error}");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let patience = Patience { attempts: 2, ..Patience::default() };
    let dead = Client::with_patience(&format!("http://{free}"), patience).unwrap();
    let error = dead.status().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().ends_with("check that the sector is running at that address"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_keeps_to_its_quota_instead_of_being_refused() {
    let mut sector = Sector::start(50, 1_000).await;
    // One write a second grows back, after sixty.
    sector.stop_api().await;
    sector.limit_writes = Some(60);
    sector.start_api().await;
    let client = sector.player(1).await;
    let patience = Patience { attempts: 1, ..Patience::default() };
    let one = Client::with_patience(&sector.url(), patience).unwrap();
    one.login(&key(1)).await.unwrap();
    drop(client);
    let begun = std::time::Instant::now();
    for number in 0..62 {
        let done = one.release().await;
        assert!(done.is_ok(), "write {number}: {}", done.unwrap_err());
    }
    assert!(begun.elapsed() >= Duration::from_millis(1_500), "{:?}", begun.elapsed());
}
