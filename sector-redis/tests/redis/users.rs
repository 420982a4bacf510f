//! The users that are shipped: what they may not do, and that nothing is lost by having them. What they may do is said by
//! the whole contract suite, run as them.

use redis::{Connection, ErrorKind, RedisError, ServerErrorKind, Value};
use sector_redis::{Commit, Document, Place, Pool, Shelf, StoreOptions, open};
use store_testkit::RedisServer;

use crate::{TTL, begin, lease, open_url, order, raw, tick};

/// What only the machine's owner may do.
const NOBODY: [&str; 16] = [
    "FLUSHALL",
    "FLUSHDB",
    "SHUTDOWN NOSAVE",
    "CONFIG SET appendonly no",
    "CONFIG REWRITE",
    "LATENCY RESET",
    "MONITOR",
    "SAVE",
    "REPLICAOF 127.0.0.1 1",
    "ACL LIST",
    "ACL SETUSER api +@all",
    "CLIENT KILL TYPE normal",
    "SCRIPT FLUSH",
    "SWAPDB 0 1",
    "GET elsewhere",
    "FUNCTION LOAD #!lua",
];

/// What a service has no business with, key by key.
const OF_OTHERS: [(&str, &[&str]); 4] = [
    (
        "api",
        &[
            "HSET sector:world tick 1",
            "SET sector:snapshot x",
            "XADD sector:events 9-0 a b",
            "XTRIM sector:orders MAXLEN 0",
            "DEL sector:orders",
            "SET sector:lease x",
            "INCR sector:lease:epoch",
            "RPUSH sector:records x",
            "HSET sector:awards x y",
            "HDEL sector:awards x",
            "LPOP sector:audit",
            "RENAME sector:audit sector:keys",
            "KEYS *",
        ],
    ),
    (
        "sim-worker",
        &[
            "XADD sector:orders 9-0 a b",
            "HGETALL sector:sessions",
            "HSET sector:sessions x y",
            "HGET sector:keys x",
            "HGET sector:nonces x",
            "HGET sector:replies x",
            "LRANGE sector:audit 0 -1",
            "RPUSH sector:audit x",
            "HDEL sector:awards x",
            "DEL sector:awards",
            "KEYS *",
        ],
    ),
    (
        "frontend",
        &[
            "HSET sector:world tick 1",
            "XADD sector:orders 9-0 a b",
            "XADD sector:events 9-0 a b",
            "HSET sector:seats x y",
            "HGETALL sector:seats",
            "HGETALL sector:sessions",
            "HGET sector:keys x",
            "HSETNX sector:awards x y",
            "DEL sector:format",
            "KEYS *",
        ],
    ),
    (
        "nft-minter",
        &[
            "HSET sector:awards x y",
            "HDEL sector:awards x",
            "DEL sector:awards",
            "HGET sector:seats x",
            "HGETALL sector:sessions",
            "XADD sector:orders 9-0 a b",
            "GET sector:snapshot",
            "KEYS *",
        ],
    ),
];

fn connect(server: &RedisServer, user: &str) -> Connection {
    redis::Client::open(server.url_of(user)).unwrap().get_connection().unwrap()
}

fn ask(connection: &mut Connection, command: &str) -> Result<Value, RedisError> {
    let mut words = command.split(' ');
    redis::cmd(words.next().unwrap()).arg(words.collect::<Vec<_>>()).query(connection)
}

#[track_caller]
fn is_refused(user: &str, connection: &mut Connection, command: &str) {
    let error = ask(connection, command).expect_err(&format!("{user}: {command}"));
    assert_eq!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::NoPerm),
        "{user}: {command}: {error}"
    );
}

#[tokio::test]
async fn each_may_do_what_it_needs_and_no_more() {
    let server = RedisServer::start_as_shipped();
    for (user, refused) in OF_OTHERS {
        // It opens, and is content with how durable this Redis is.
        let options = StoreOptions {
            require_durable: true,
            ..StoreOptions::new(Place::redis(server.url_of(user)))
        };
        open(options).await.unwrap().ping().await.unwrap();
        let mut connection = connect(&server, user);
        for command in refused.iter().chain(&NOBODY) {
            is_refused(user, &mut connection, command);
            // A script has only the rights of the user who runs it.
            let words: Vec<String> = command.split(' ').map(|word| format!("'{word}'")).collect();
            let mut load = redis::cmd("SCRIPT");
            load.arg("LOAD").arg(format!("return redis.call({})", words.join(",")));
            let digest: String = load.query(&mut connection).unwrap();
            let run = redis::cmd("EVALSHA").arg(digest).arg(0).query::<Value>(&mut connection);
            assert!(run.is_err(), "{user}: {command} in a script");
        }
    }
    let mut operator = connect(&server, "operator");
    for command in NOBODY.iter().filter(|command| !command.starts_with("CLIENT")) {
        is_refused("operator", &mut operator, command);
    }
    // Nothing of all that was done.
    let keys: Vec<String> = redis::cmd("SCAN")
        .arg(0)
        .arg("COUNT")
        .arg(1_000)
        .query::<(u64, Vec<String>)>(&mut operator)
        .unwrap()
        .1;
    assert!(
        keys.iter().all(|key| ["sector:format", "sectors"].contains(&key.as_str())),
        "{keys:?}"
    );
}

#[tokio::test]
async fn nobody_comes_in_without_a_password() {
    let server = RedisServer::start_as_shipped();
    let mut stranger = raw(&server);
    for command in ["PING", "GET sector:world", "ACL WHOAMI"] {
        let error = ask(&mut stranger, command).unwrap_err();
        assert_eq!(error.code(), Some("NOAUTH"), "{command}: {error}");
    }
    for guess in ["AUTH x", "AUTH default x", "AUTH api x", "AUTH operator x"] {
        assert_eq!(ask(&mut stranger, guess).unwrap_err().code(), Some("WRONGPASS"), "{guess}");
    }
    // The health check of the container needs none, and may ask nothing else.
    ask(&mut stranger, "AUTH probe anything").unwrap();
    ask(&mut stranger, "PING").unwrap();
    for command in ["GET sector:world", "INFO", "CLIENT LIST", "ACL WHOAMI", "EVALSHA x 0"] {
        is_refused("probe", &mut stranger, command);
    }
}

/// Redis before 8.6 reads its log as the default user: without rights, it would drop what scripts wrote.
#[tokio::test]
async fn what_scripts_wrote_is_there_after_a_restart() {
    let mut server = RedisServer::start_as_shipped();
    for round in 0..3 {
        let worker = open_url(&server.url_of("sim-worker")).await.unwrap();
        let api = open_url(&server.url_of("api")).await.unwrap();
        if round == 0 {
            let lease = lease(&worker).await;
            worker.commit(&begin(&lease)).await.unwrap();
            api.append_orders(&order("a")).await.unwrap();
            api.claim(&"u1".into(), "F1", "p", 1, 60_000).await.unwrap();
            worker
                .commit(&Commit { checkpoint: Some("world".into()), ..tick(&lease, 1) })
                .await
                .unwrap();
        }
        if round == 1 {
            ask(&mut connect(&server, "operator"), "BGREWRITEAOF").unwrap();
        }
        assert_eq!(worker.head().await.unwrap().unwrap().tick, 1, "round {round}");
        assert_eq!(worker.records(&"u1".into(), 0, 10).await.unwrap().len(), 2);
        assert_eq!(api.claims(&"u1".into(), 1, 60_000).await.unwrap().len(), 1);
        assert_eq!(api.append_orders(&order("a")).await.unwrap().duplicates.len(), 1);
        drop((worker, api));
        server.restart();
        while ask(&mut connect(&server, "operator"), "PING").is_err() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn traces_and_notes_pass_between_services_and_logins_stay_with_the_api() {
    let server = RedisServer::start_as_shipped();
    let store = async |user: &str| {
        open(StoreOptions::new(Place::redis(server.url_of(user)))).await.unwrap()
    };
    let (api, worker, frontend) =
        (store("api").await, store("sim-worker").await, store("frontend").await);
    api.put_nonce(Pool::Traces, "order", "1", TTL).await.unwrap();
    assert_eq!(worker.take_nonce(Pool::Traces, "order").await.unwrap().as_deref(), Some("1"));
    worker.put_nonce(Pool::Traces, "tick", "2", TTL).await.unwrap();
    assert_eq!(frontend.take_nonce(Pool::Traces, "tick").await.unwrap().as_deref(), Some("2"));
    worker.put_nonce(Pool::Notes, "note", "3", TTL).await.unwrap();
    assert_eq!(worker.take_nonce(Pool::Notes, "note").await.unwrap().as_deref(), Some("3"));
    let used = |id: &str| Document {
        id: id.into(),
        owner: "o".into(),
        body: String::new(),
        ends_at_ms: Some(u64::MAX >> 12),
    };
    assert!(api.insert_document(Shelf::Used, &used("a"), 0).await.unwrap());
    assert!(!api.insert_document(Shelf::Used, &used("a"), 0).await.unwrap());
    for other in [&worker, &frontend] {
        other.insert_document(Shelf::Used, &used("b"), 0).await.unwrap_err();
        other.remove_document(Shelf::Used, "a").await.unwrap_err();
    }
}
