//! Turns with good, invalid, slow and missing answers of the endpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use llm_bot::{Llm, Settings};
use proving::memory::{self, SMALL, seat, world};
use sector_sim::{Order, Strategy, Turn};
use tokio::sync::Semaphore;

use crate::fake::{Behaviour, Fake};

const KEY: &str = "sk-hunter2-0123456789";

fn settings(fake: &Fake, timeout: Duration) -> Settings {
    let url = fake.url();
    let find = |name: &str| match name {
        "LLM_URL" => Some(url.clone()),
        "LLM_MODEL" => Some("strategist-1".to_owned()),
        "LLM_API_KEY" => Some(KEY.to_owned()),
        _ => None,
    };
    let settings = Settings::read(find).unwrap();
    Settings { timeout, shortest_pause: Duration::from_millis(10), ..settings }
}

fn first_turn(bot: &mut Llm) -> Vec<Order> {
    bot.orders(&world(7, SMALL).view(seat(0)), &Turn::default())
}

/// Repeats the same turn until `found` returns a value.
fn until<T>(bot: &mut Llm, what: &str, found: impl Fn(&[Order]) -> Option<T>) -> T {
    let deadline = Instant::now() + proving::PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = found(&first_turn(bot)) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("{what} did not happen");
}

fn some_orders(orders: &[Order]) -> Option<Vec<Order>> {
    (!orders.is_empty()).then(|| orders.to_vec())
}

#[test]
fn good_advice_is_followed_once() {
    let fake = Fake::start(vec![Behaviour::Advance, Behaviour::Say("{\"orders\":[]}".into())]);
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    let orders = until(&mut bot, "advice", some_orders);
    assert_eq!(orders.len(), 1, "{orders:?}");
    until(&mut bot, "three more questions", |orders| {
        assert!(orders.is_empty(), "the fleet has its order: {orders:?}");
        (fake.asked().len() >= 4).then_some(())
    });
    let asked = &fake.asked()[0];
    assert_eq!(asked.authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(asked.body["model"], "strategist-1");
    let length = asked.body["messages"][1]["content"].as_str().unwrap().len();
    assert!(length <= llm_bot::describe::CHARACTERS_MAX);
}

#[test]
fn a_turn_does_not_wait_for_the_answer() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::start(vec![Behaviour::Hold(gate.clone())]);
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    // The answer is held back until all these turns have ended.
    for _ in 0..100 {
        assert!(first_turn(&mut bot).is_empty());
    }
    gate.add_permits(1);
    until(&mut bot, "the answer", some_orders);
    let asked = fake.asked().len();
    assert!(asked <= 2, "one question at a time, not {asked}");
}

#[test]
fn invalid_answers_and_unknown_ids_are_ignored() {
    let wrong = r#"{"orders":[{"kind":"move","origin_id":0,"target_id":4711},{"kind":"focus","system_id":99999,
        "focus":"order"},{"kind":"cancel","fleet_id":1},{"kind":"move","fleet_id":2,"origin_id":1,"target_id":0}]}"#;
    let behaviours = vec![
        Behaviour::Say("As a language model I cannot wage war.".into()),
        Behaviour::Say("{{{{\"orders\":[".into()),
        Behaviour::Say(wrong.into()),
        Behaviour::Status(200, vec![], "<html>It works!</html>".into()),
        Behaviour::Status(200, vec![], "{\"choices\":[]}".into()),
        Behaviour::Status(200, vec![], format!("{{\"choices\":\"{}\"}}", "x".repeat(300_000))),
        Behaviour::Advance,
    ];
    let fake = Fake::start(behaviours);
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    // The first orders are from the only good answer, the seventh.
    until(&mut bot, "good advice", some_orders);
    assert!(fake.asked().len() >= 7);
}

#[test]
fn slow_answers_time_out_and_are_asked_again() {
    let fake = Fake::start(vec![Behaviour::Hold(Arc::new(Semaphore::new(0))), Behaviour::Advance]);
    let mut bot = Llm::new(settings(&fake, Duration::from_millis(300)));
    until(&mut bot, "advice after a time limit", some_orders);
    let asked = fake.asked();
    assert!(
        asked.len() >= 2 && asked[1].when - asked[0].when >= Duration::from_millis(300),
        "{asked:?}"
    );
}

#[test]
fn the_pause_is_as_long_as_a_busy_endpoint_asks() {
    let behaviours = vec![
        Behaviour::Status(429, vec![("retry-after", "1")], "slow down".into()),
        Behaviour::Advance,
    ];
    let fake = Fake::start(behaviours);
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    until(&mut bot, "advice after a pause", some_orders);
    let asked = fake.asked();
    assert!(
        asked.len() >= 2 && asked[1].when - asked[0].when >= Duration::from_secs(1),
        "{asked:?}"
    );
}

#[test]
fn pauses_grow_while_an_endpoint_fails() {
    let broken = || Behaviour::Status(500, vec![], "oops".into());
    let fake = Fake::start(vec![broken(), broken(), broken(), broken(), Behaviour::Advance]);
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    until(&mut bot, "advice after failures", some_orders);
    let asked = fake.asked();
    assert!(asked.len() >= 5);
    for (failure, pair) in asked[..5].windows(2).enumerate() {
        assert!(
            pair[1].when - pair[0].when >= Duration::from_millis(10 << failure),
            "{failure}: {asked:?}"
        );
    }
}

#[test]
fn an_unavailable_or_refusing_endpoint_does_not_end_the_game() {
    let mut fake = Fake::start(vec![
        Behaviour::Status(401, vec![], format!("wrong key: {KEY}")),
        Behaviour::Advance,
    ]);
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    until(&mut bot, "a question", |_| (!fake.asked().is_empty()).then_some(()));
    // No second question for 30 seconds after a refusal.
    for _ in 0..50 {
        assert!(first_turn(&mut bot).is_empty());
    }
    assert_eq!(fake.asked().len(), 1);

    fake.stop();
    let mut bot = Llm::new(settings(&fake, proving::PATIENCE));
    for _ in 0..50 {
        assert!(first_turn(&mut bot).is_empty());
    }
}

#[test]
fn it_beats_idle_with_a_model_that_only_advances() {
    let fake = Fake::start(vec![Behaviour::Advance]);
    let patient = Settings { wait: proving::PATIENCE, ..settings(&fake, proving::PATIENCE) };
    let duels = memory::duels(1..2, "idle", |_| Box::new(Llm::new(patient.clone())));
    assert_eq!(duels.won, 2, "{duels}");
    assert!(duels.refused * 50 <= duels.orders, "{duels}");
}
