//! Documents: one of a name, until their end, so many of an owner.

use sector_redis::{Document, Error, Shelf};
use tokio::task::JoinSet;

use crate::bench::Bench;

fn document(id: &str, owner: &str, ends_at_ms: Option<u64>) -> Document {
    Document {
        id: id.into(), owner: owner.into(), body: format!("{{\"é\":\"{id}\"}}"), ends_at_ms
    }
}

async fn ids(bench: &Bench, shelf: Shelf, owner: &str, now_ms: u64) -> Vec<String> {
    let documents = bench.store.documents_of(shelf, owner, now_ms).await.unwrap();
    documents.into_iter().map(|document| document.id).collect()
}

pub(crate) async fn are_kept_once(bench: Bench) {
    let store = &bench.store;
    for shelf in Shelf::ALL {
        let first = document("a", "o", Some(100));
        assert!(store.insert_document(shelf, &first, 0).await.unwrap());
        let other = Document { owner: "p".into(), body: "{}".into(), ..document("a", "p", None) };
        assert!(!store.insert_document(shelf, &other, 0).await.unwrap());
        assert!(!store.insert_document(shelf, &first, 99).await.unwrap());
        assert_eq!(store.document(shelf, "a", 99).await.unwrap(), Some(first));
        assert_eq!(store.document(shelf, "b", 99).await.unwrap(), None);
        assert!(ids(&bench, shelf, "p", 0).await.is_empty());
    }
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let one = Document {
                body: number.to_string(),
                ..document("same", &format!("o{number}"), None)
            };
            store.insert_document(Shelf::Replies, &one, 0).await.unwrap().then_some(one)
        });
    }
    let won: Vec<Document> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    assert_eq!(store.document(Shelf::Replies, "same", 0).await.unwrap().as_ref(), won.first());
}

pub(crate) async fn are_apart_by_shelf(bench: Bench) {
    let store = &bench.store;
    for shelf in Shelf::ALL {
        let own = Document { body: shelf.to_string(), ..document("a", "o", None) };
        assert!(store.insert_document(shelf, &own, 0).await.unwrap());
    }
    assert_eq!(store.remove_documents_of(Shelf::Keys, "o").await.unwrap(), 1);
    for shelf in [Shelf::Sessions, Shelf::Replies] {
        assert_eq!(store.document(shelf, "a", 0).await.unwrap().unwrap().body, shelf.to_string());
        assert_eq!(ids(&bench, shelf, "o", 0).await, ["a"]);
    }
    assert_eq!(store.document(Shelf::Keys, "a", 0).await.unwrap(), None);
}

pub(crate) async fn end_when_they_say(bench: Bench) {
    let store = &bench.store;
    for (id, end) in [("a", Some(100)), ("b", None), ("c", Some(1 << 53))] {
        assert!(store.insert_document(Shelf::Sessions, &document(id, "o", end), 0).await.unwrap());
    }
    assert!(store.document(Shelf::Sessions, "a", 99).await.unwrap().is_some());
    assert_eq!(store.document(Shelf::Sessions, "a", 100).await.unwrap(), None);
    assert_eq!(ids(&bench, Shelf::Sessions, "o", 99).await, ["a", "b", "c"]);
    assert_eq!(ids(&bench, Shelf::Sessions, "o", 100).await, ["b", "c"]);
    assert_eq!(
        store.document(Shelf::Sessions, "c", (1 << 53) - 1).await.unwrap().unwrap().ends_at_ms,
        Some(1 << 53)
    );
    // An ended one is not changed, and its name is free.
    let after = document("a", "o", Some(200));
    assert!(!store.replace_document(Shelf::Sessions, &after.body, &after, 100).await.unwrap());
    assert!(
        store.insert_document(Shelf::Sessions, &document("a", "p", Some(200)), 100).await.unwrap()
    );
    assert_eq!(ids(&bench, Shelf::Sessions, "o", 0).await, ["b", "c"]);
    assert_eq!(ids(&bench, Shelf::Sessions, "p", 100).await, ["a"]);
}

pub(crate) async fn compare_and_swap_has_one_winner(bench: Bench) {
    let first = Document { body: "0".into(), ..document("a", "o", Some(100)) };
    assert!(bench.store.insert_document(Shelf::Keys, &first, 0).await.unwrap());
    for number in 0..20 {
        let mut tasks = JoinSet::new();
        for lane in 0..5 {
            let store = bench.store.clone();
            tasks.spawn(async move {
                let (expected, body) = (number.to_string(), (number + 1).to_string());
                let next =
                    Document { body, ends_at_ms: Some(101 + lane), ..document("a", "o", None) };
                store
                    .replace_document(Shelf::Keys, &expected, &next, 0)
                    .await
                    .unwrap()
                    .then_some(next)
            });
        }
        let won: Vec<Document> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!(bench.store.document(Shelf::Keys, "a", 0).await.unwrap().as_ref(), won.first());
    }
    let store = &bench.store;
    let next = document("a", "o", None);
    assert!(!store.replace_document(Shelf::Keys, "19", &next, 0).await.unwrap());
    assert!(
        !store.replace_document(Shelf::Keys, "20", &document("a", "p", None), 0).await.unwrap(),
        "another owner"
    );
    assert!(
        !store.replace_document(Shelf::Keys, "20", &document("b", "o", None), 0).await.unwrap(),
        "it is not there"
    );
    assert!(store.replace_document(Shelf::Keys, "20", &next, 0).await.unwrap());
    // The end is the new one from then on.
    assert_eq!(store.document(Shelf::Keys, "a", 1_000).await.unwrap(), Some(next));
    assert_eq!(ids(&bench, Shelf::Keys, "o", 1_000).await, ["a"]);
}

pub(crate) async fn are_removed_once(bench: Bench) {
    let one = document("a", "o", Some(100));
    assert!(bench.store.insert_document(Shelf::Replies, &one, 0).await.unwrap());
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let store = bench.store.clone();
        tasks.spawn(async move { store.remove_document(Shelf::Replies, "a").await.unwrap() });
    }
    let removed: Vec<Document> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(removed, [one]);
    assert!(ids(&bench, Shelf::Replies, "o", 0).await.is_empty());
    assert_eq!(bench.store.remove_documents_of(Shelf::Replies, "o").await.unwrap(), 0);
}

pub(crate) async fn are_listed_by_owner(bench: Bench) {
    let store = &bench.store;
    // Names of which one begins with the other, and that would run together if they were merely joined.
    let owners = ["o", "o ", "o1", "oé"];
    for owner in owners {
        for id in ["b", "a", " c", "1"] {
            let id = format!("{id} of {owner}");
            assert!(
                store.insert_document(Shelf::Keys, &document(&id, owner, None), 0).await.unwrap()
            );
        }
    }
    for owner in owners {
        let expected: Vec<String> =
            [" c", "1", "a", "b"].map(|id| format!("{id} of {owner}")).to_vec();
        assert_eq!(ids(&bench, Shelf::Keys, owner, 0).await, expected);
    }
    assert_eq!(store.remove_documents_of(Shelf::Keys, "o").await.unwrap(), 4);
    assert!(ids(&bench, Shelf::Keys, "o", 0).await.is_empty());
    assert_eq!(ids(&bench, Shelf::Keys, "o ", 0).await.len(), 4);
    assert_eq!(store.document(Shelf::Keys, "a of o", 0).await.unwrap(), None);
}

pub(crate) async fn owners_have_a_maximum(bench: Bench) {
    let store = &bench.store;
    let most = Shelf::Keys.owner_max();
    for number in 0..most {
        assert!(
            store
                .insert_document(Shelf::Keys, &document(&number.to_string(), "o", Some(100)), 0)
                .await
                .unwrap()
        );
    }
    let refused = store.insert_document(Shelf::Keys, &document("more", "o", None), 0).await;
    let Err(Error::Full { shelf: Shelf::Keys, owner: Some(owner), limit }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((owner.as_str(), limit), ("o", most));
    assert!(
        !store.insert_document(Shelf::Keys, &document("0", "o", None), 0).await.unwrap(),
        "known comes first"
    );
    assert!(store.insert_document(Shelf::Keys, &document("more", "p", None), 0).await.unwrap());
    assert_eq!(ids(&bench, Shelf::Keys, "o", 0).await.len() as u64, most);
    store.remove_document(Shelf::Keys, "7").await.unwrap();
    assert!(store.insert_document(Shelf::Keys, &document("7", "o", Some(100)), 0).await.unwrap());
    // All have ended: there is room.
    assert!(store.insert_document(Shelf::Keys, &document("later", "o", None), 100).await.unwrap());
    assert_eq!(ids(&bench, Shelf::Keys, "o", 100).await, ["later"]);
}

pub(crate) async fn the_nearest_its_end_gives_way(bench: Bench) {
    let store = &bench.store;
    let most = Shelf::Sessions.owner_max();
    // The last ones end first; two of them together.
    for number in 0..most {
        let end = if number == 0 { None } else { Some(1_000 - 10 * number.min(most - 2)) };
        let one = document(&format!("{number:03}"), "o", end);
        assert!(store.insert_document(Shelf::Sessions, &one, 0).await.unwrap());
    }
    let other = document("other", "p", Some(1));
    assert!(store.insert_document(Shelf::Sessions, &other, 0).await.unwrap());
    for number in 0..4 {
        let one = document(&format!("new {number}"), "o", Some(2_000));
        assert!(store.insert_document(Shelf::Sessions, &one, 0).await.unwrap());
        let gone = format!("{:03}", most - [2, 1, 3, 4][number]);
        assert_eq!(store.document(Shelf::Sessions, &gone, 0).await.unwrap(), None, "{gone}");
        assert_eq!(ids(&bench, Shelf::Sessions, "o", 0).await.len() as u64, most);
    }
    assert!(
        store.document(Shelf::Sessions, "000", 0).await.unwrap().is_some(),
        "without an end it goes last"
    );
    assert_eq!(
        store.document(Shelf::Sessions, "other", 0).await.unwrap(),
        Some(other),
        "it is another's"
    );
}

pub(crate) async fn ended_ones_do_not_count(bench: Bench) {
    let store = &bench.store;
    let most = Shelf::Sessions.owner_max();
    for number in 0..most {
        let end = if number % 2 == 0 { Some(10) } else { Some(20) };
        let one = document(&format!("{number:03}"), "o", end);
        assert!(store.insert_document(Shelf::Sessions, &one, 0).await.unwrap());
    }
    assert!(
        store.insert_document(Shelf::Sessions, &document("new", "o", Some(20)), 10).await.unwrap()
    );
    assert_eq!(ids(&bench, Shelf::Sessions, "o", 10).await.len() as u64, most / 2 + 1);
}

pub(crate) async fn a_hundred_at_once_keep_the_maximum(bench: Bench) {
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let store = bench.store.clone();
        tasks.spawn(async move {
            let one = document(&number.to_string(), "o", None);
            (
                store.insert_document(Shelf::Keys, &one, 0).await,
                store.insert_document(Shelf::Sessions, &one, 0).await,
            )
        });
    }
    let (mut kept, mut full) = (0, 0);
    for (key, session) in tasks.join_all().await {
        assert!(session.unwrap());
        match key {
            Ok(inserted) => kept += u64::from(inserted),
            Err(Error::Full { .. }) => full += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((kept, full), (Shelf::Keys.owner_max(), 100 - Shelf::Keys.owner_max()));
    assert_eq!(ids(&bench, Shelf::Keys, "o", 0).await.len() as u64, Shelf::Keys.owner_max());
    assert_eq!(
        ids(&bench, Shelf::Sessions, "o", 0).await.len() as u64,
        Shelf::Sessions.owner_max()
    );
}

pub(crate) async fn bad_documents_are_refused(bench: Bench) {
    let good = document("a", "o", None);
    for bad in [
        Document { id: String::new(), ..good.clone() },
        Document { id: "a\u{1f}b".into(), ..good.clone() },
        Document { owner: "o\u{1f}".into(), ..good.clone() },
        Document { owner: "o".repeat(257), ..good.clone() },
        Document { body: "x".repeat(16 * 1024 + 1), ..good.clone() },
        Document { ends_at_ms: Some((1 << 53) + 1), ..good.clone() },
    ] {
        let refused = bench.store.insert_document(Shelf::Replies, &bad, 0).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        let refused = bench.store.replace_document(Shelf::Replies, "", &bad, 0).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    let largest = Document { body: "é".repeat(8 * 1024), ..good };
    assert!(bench.store.insert_document(Shelf::Replies, &largest, 0).await.unwrap());
    assert_eq!(bench.store.document(Shelf::Replies, "a", 0).await.unwrap(), Some(largest));
}
