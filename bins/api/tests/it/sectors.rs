//! Several sectors behind one API, selected by the path.

use std::sync::Arc;

use async_trait::async_trait;
use follow::sectors::Opener;
use sector_redis::{SectorId, ServiceStore, Store};
use serde_json::json;

use crate::harness::{Sector, config};

/// One more sector.
struct North(Arc<dyn Store>);

#[async_trait]
impl Opener for North {
    async fn list(&self) -> sector_redis::Result<Vec<Option<SectorId>>> {
        Ok(vec![None, Some("north".parse()?)])
    }

    async fn open(&self, _: Option<&SectorId>) -> sector_redis::Result<Arc<dyn ServiceStore>> {
        Ok(self.0.clone())
    }
}

/// The default sector in `u-1`, and `north` in `u-north`, which is served by the API of the first.
async fn two() -> (Sector, Sector) {
    let mut north = Sector::empty(config()).await;
    north.begin("u-north", 8).await;
    let mut home = Sector::beside(config(), Some(Box::new(North(north.store.clone())))).await;
    home.begin("u-1", 7).await;
    // The sector is opened on first use, and must be read first.
    let ready = async { while home.get("/sectors/north/snapshot").await.status != 200 {} };
    tokio::time::timeout(crate::harness::PATIENCE, ready)
        .await
        .expect("the other sector is opened");
    (home, north)
}

#[tokio::test]
async fn a_path_selects_the_sector_and_logins_are_shared() {
    let (sector, _north) = two().await;
    let list = sector.get("/sectors").await;
    assert_eq!(
        list.json(),
        json!({"sectors": [
            {"name": "default", "path": "/sectors/default", "home": true},
            {"name": "north", "path": "/sectors/north", "home": false},
        ]})
    );
    let home = sector.get("/snapshot").await.json();
    assert_eq!(sector.get("/sectors/default/snapshot").await.json(), home);
    assert_eq!(sector.get("/v1/snapshot").await.json(), home);
    let north = sector.get("/sectors/north/snapshot").await.json();
    assert_eq!(sector.get("/v1/sectors/north/snapshot").await.json(), north);
    assert_eq!((&home["universe_id"], &north["universe_id"]), (&json!("u-1"), &json!("u-north")));

    // One login has independent claims in each sector.
    let token = sector.log_in(1).await;
    let claim = |path: &'static str, faction: &'static str| {
        let (sector, token) = (&sector, token.clone());
        async move { sector.post_as(&token, path, &json!({"faction": faction})).await }
    };
    assert_eq!(claim("/factions/claim", "F1").await.status, 200);
    assert_eq!(claim("/sectors/north/factions/claim", "F2").await.status, 200);
    assert_eq!(sector.get_as(&token, "/me").await.json()["faction"], "F1");
    assert_eq!(sector.get_as(&token, "/sectors/north/me").await.json()["faction"], "F2");
    let order =
        |faction: &str| json!({"orders": [{"kind": "muster", "faction": faction, "target_id": 0}]});
    assert_eq!(sector.post_as(&token, "/sectors/north/orders", &order("F2")).await.status, 202);
    assert_eq!(sector.post_as(&token, "/sectors/north/orders", &order("F1")).await.status, 403);
    assert_eq!(sector.post_as(&token, "/orders", &order("F2")).await.status, 403);
}

#[tokio::test]
async fn unknown_sectors_are_404() {
    let (sector, _north) = two().await;
    for path in [
        "/sectors/south/snapshot",
        "/sectors/South/snapshot",
        "/sectors/%00/snapshot",
        "/sectors//snapshot",
    ] {
        let reply = sector.get(path).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (404, &json!("unknown_sector")),
            "{path}"
        );
    }
    // Not under a sector.
    for path in ["/sectors/north/livez", "/sectors/north/openapi.json", "/sectors/north/nothing"] {
        let reply = sector.get(path).await;
        assert_eq!((reply.status, &reply.json()["code"]), (404, &json!("not_found")), "{path}");
    }
}
