//! `/preview`: the map of a seed.

use std::sync::Arc;

use frontend::Config;
use sector_sim::world::Size;
use sector_sim::{Rules, Snapshot, World};

use crate::harness::Frontend;

#[tokio::test]
async fn a_preview_is_the_world_of_the_engine() {
    let (frontend, sector) = Frontend::with_sector(Config::default()).await;
    let before = sector.newest;
    for (query, seed, systems, factions) in [
        ("seed=42", 42, 30, 5),
        ("seed=7&systems=60&factions=8", 7, 60, 8),
        ("seed=9007199254740991", (1 << 53) - 1, 30, 5),
    ] {
        let reply =
            frontend.get(&format!("/preview?{query}"), &[("accept", "application/json")]).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("application/json")),
            "{query}"
        );
        assert_eq!(reply.header("cache-control"), Some("public, max-age=3600"));
        assert_eq!(reply.header("vary"), Some("accept, accept-encoding"));
        let snapshot: Snapshot = serde_json::from_slice(&reply.body).unwrap();
        let world =
            World::with_size(Arc::new(Rules::classic()), seed, Size { systems, factions }).unwrap();
        assert_eq!(
            (snapshot.digest, snapshot.tick, snapshot.generator_seed),
            (world.digest(), 0, seed)
        );
        assert_eq!(
            (snapshot.systems.len(), snapshot.factions.len()),
            (systems as usize, usize::from(factions))
        );
        assert!(sector_sim::Mirror::new(&snapshot).unwrap().is_exact());

        let packed =
            frontend.get(&format!("/preview?{query}"), &[("accept-encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        let unpacked: Snapshot =
            serde_json::from_reader(flate2::read::GzDecoder::new(&packed.body[..])).unwrap();
        assert_eq!(unpacked, snapshot);
    }
    let mut socket = frontend.socket("/ws").await;
    assert_eq!(socket.entry().await.id, before, "the live sector is not touched");
    frontend.stop().await;
}

#[tokio::test]
async fn browsers_get_the_page() {
    let frontend = Frontend::start(Config::default()).await;
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = frontend.get("/", &[]).await;
    for path in ["/preview", "/preview?seed=7", "/preview?whatever"] {
        let reply = frontend.get(path, &[("accept", accept)]).await;
        assert_eq!((reply.status, &reply.body), (200, &page.body), "{path}");
        assert_eq!(reply.header("vary"), Some("accept, accept-encoding"));
        assert_eq!(reply.header("content-security-policy"), page.header("content-security-policy"));
    }
    frontend.stop().await;
}

#[tokio::test]
async fn invalid_previews_are_explained() {
    let frontend = Frontend::start(Config::default()).await;
    for (query, field) in [
        ("", "seed"),
        ("?systems=30", "seed"),
        ("?seed=-1", "seed"),
        ("?seed=9007199254740992", "seed"),
        ("?seed=1&systems=1", "systems"),
        ("?seed=1&systems=3001", "systems"),
        ("?seed=1&factions=65", "factions"),
        ("?seed=1&faction=5", "faction"),
    ] {
        let problem =
            frontend.get(&format!("/preview{query}"), &[]).await.problem(400, "invalid_query");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    let problem = frontend.get("/preview?seed=1&systems=3&factions=9", &[]).await;
    problem.problem(422, "impossible_map");
    frontend.stop().await;
}
