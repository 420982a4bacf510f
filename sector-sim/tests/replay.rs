//! The replay format: round trips, detection of alterations, and truncated replays.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "replay/forge.rs"]
mod forge;

use forge::{FOOTER, Forgery, HEADER, KEYFRAME, TICK, number};
use proptest::prelude::*;
use sector_sim::game::Fork;
use sector_sim::ids::{FACTION_IDS, MAX_STARTERS};
use sector_sim::order::{Amount, Focus, Refusal};
use sector_sim::replay::{
    Frame, Header, MAGIC, ORDERS_MAX, Reader, Replay, ReplayError, Seat, TEXT_MAX, Tick, Verifier,
    Writer, verify,
};
use sector_sim::world::Size;
use sector_sim::{
    Command, Digest, FactionId, FleetId, Order, Rules, SystemId, Turn, World, strategy,
};

/// A small sector, and the header of a run from there with a player in every seat.
fn beginning(seed: u64) -> (World, Header) {
    let rules = Rules::classic();
    let world =
        World::with_size(rules.clone().into(), seed, Size { systems: 12, factions: 3 }).unwrap();
    let mut header =
        Header { started_ms: Some(7), keyframe_ticks: 20, ..Header::of("u-test", &world) };
    let seat = |faction: FactionId| Seat {
        faction,
        player: "random".into(),
        personality: rules.personality(faction.index()),
    };
    header.seats = Fork::seats_of(&header).unwrap().into_iter().map(seat).collect();
    (world, header)
}

/// A replay with the given number of ticks, and the digests of its states. Some orders are refused.
fn recorded(seed: u64, ticks: u64, states: bool) -> (Vec<u8>, Vec<Digest>) {
    let (mut world, header) = beginning(seed);
    let player = |seat: &Seat| {
        (seat.faction, strategy::by_name(&seat.player, seat.personality.clone()).unwrap())
    };
    let mut players: Vec<_> = header.seats.iter().map(player).collect();
    let mut writer = Writer::new(&header, &world).unwrap();
    if states {
        writer = writer.with_states();
    }
    let mut digests = vec![world.digest()];
    for tick in 0..ticks {
        let turn = Turn { tick, missed: 0 };
        let mut orders = Vec::new();
        for (faction, player) in &mut players {
            if world.board().faction(*faction).is_some_and(|faction| faction.alive) {
                orders.extend(player.orders(&world.view(*faction), &turn));
            }
        }
        if tick % 7 == 3 {
            let nobody =
                Order::new(faction(tick as usize % 3), Command::Cancel { fleet: FleetId(9_999) });
            orders.push(Order {
                client_id: Some("a:1".into()),
                reason: Some("none such".into()),
                ..nobody
            });
        }
        world.step(&orders);
        writer.tick(&world, &orders).unwrap();
        digests.push(world.digest());
    }
    writer.finish(&world).unwrap();
    (writer.take(), digests)
}

fn faction(number: usize) -> FactionId {
    let number = number as u8;
    let later = number.saturating_sub(MAX_STARTERS);
    let splinter = FactionId::splinter(later.saturating_sub(1));
    FactionId::starter(number)
        .or(if later == 0 { Some(FactionId::LEAGUE) } else { splinter })
        .unwrap()
}

fn refusal() -> impl Strategy<Value = Refusal> {
    prop::sample::select(Refusal::ALL.to_vec())
}

fn command() -> impl Strategy<Value = Command> {
    let amount =
        prop_oneof![Just(Amount::Fleet), Just(Amount::All), any::<i64>().prop_map(Amount::Part)];
    let focus =
        prop::sample::select(vec![Focus::Balanced, Focus::Industry, Focus::Garrison, Focus::Order]);
    prop_oneof![
        (any::<u32>(), any::<u32>(), any::<Option<u32>>(), amount).prop_map(
            |(origin, target, fleet, amount)| {
                Command::Move {
                    origin: SystemId(origin),
                    target: SystemId(target),
                    fleet: fleet.map(FleetId),
                    amount,
                }
            }
        ),
        any::<u32>().prop_map(|fleet| Command::Cancel { fleet: FleetId(fleet) }),
        any::<u32>().prop_map(|target| Command::Muster { target: SystemId(target) }),
        (any::<u32>(), focus)
            .prop_map(|(system, focus)| Command::Focus { system: SystemId(system), focus }),
    ]
}

fn text() -> impl Strategy<Value = Option<Box<str>>> {
    let text = prop_oneof![
        8 => ".{0,130}".prop_map(Box::from),
        1 => Just("ß".repeat(TEXT_MAX / 2).into_boxed_str()),
    ];
    prop::option::weighted(0.3, text)
}

/// An arbitrary tick, including orders that no form would allow.
fn tick() -> impl Strategy<Value = Tick> {
    let order = (0..FACTION_IDS, command(), text(), text()).prop_map(
        |(number, command, client_id, reason)| Order {
            faction: faction(number),
            client_id,
            reason,
            command,
        },
    );
    let outcome = prop_oneof![
        any::<Option<u32>>().prop_map(|fleet| Ok(fleet.map(FleetId))),
        refusal().prop_map(Err)
    ];
    let orders = prop::collection::vec((order, outcome), 0..12);
    (any::<u64>(), any::<u64>(), orders).prop_map(|(tick, digest, orders)| {
        let (orders, outcomes) = orders.into_iter().unzip();
        Tick { tick, orders, outcomes, digest: Digest(digest) }
    })
}

proptest! {
    #[test]
    fn any_tick_survives_a_round_trip(tick in tick()) {
        let bytes = tick.encode().unwrap();
        prop_assert_eq!(Tick::decode(&bytes).unwrap(), tick);
        // Every tick has exactly one encoding: any other bytes decode to another tick.
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            if let Ok(read) = Tick::decode(&other) {
                prop_assert_eq!(read.encode().unwrap(), other);
            }
            prop_assert!(Tick::decode(&bytes[..at]).is_err());
        }
    }

    #[test]
    fn any_bytes_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), begin in 0..3usize) {
        let _ = Tick::decode(&bytes);
        let magic = [&[][..], &MAGIC, b"\x89SECTOR\n\x02"][begin];
        prop_assert!(Replay::parse(&[magic, &bytes].concat()).is_err());
    }

}

proptest! {
    // Each case records and plays a run, so fewer cases are enough.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.div_ceil(5)))]

    #[test]
    fn a_replay_is_read_alike_in_any_pieces(seed in 0..1000u64, piece in 1..400usize) {
        let (bytes, _) = recorded(seed, 25, false);
        let whole = Replay::parse(&bytes).unwrap();
        let mut reader = Reader::new();
        let (mut ticks, mut keyframes, mut footer) = (Vec::new(), Vec::new(), None);
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            while let Some(frame) = reader.next_frame().unwrap() {
                match frame {
                    Frame::Header(header) => prop_assert_eq!(&*header, whole.header()),
                    Frame::Tick(tick) => ticks.push(tick),
                    Frame::Keyframe(keyframe) => keyframes.push(keyframe),
                    Frame::Footer(last) => footer = Some(last),
                }
            }
        }
        reader.end();
        prop_assert!(reader.next_frame().unwrap().is_none());
        prop_assert_eq!(reader.truncated_at(), None);
        prop_assert_eq!(ticks.as_slice(), whole.ticks());
        prop_assert_eq!(keyframes.as_slice(), whole.keyframes());
        prop_assert_eq!(footer.as_ref(), whole.footer());
        prop_assert_eq!(verify(&bytes).unwrap().chain, reader.chain());
    }

    /// Any changed byte is detected, or the replay appears truncated before it.
    #[test]
    fn a_changed_byte_is_found(seed in 0..20u64, at: prop::sample::Index, change in 1..=255u8) {
        let (mut bytes, digests) = recorded(seed, 45, seed % 2 == 0);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(verified) = verify(&bytes) {
            prop_assert!(verified.truncated_at.is_some_and(|cut| cut <= at as u64) && !verified.complete);
            prop_assert_eq!(verified.digest, digests[verified.ticks as usize]);
        }
    }

    /// A replay truncated anywhere is read up to there.
    #[test]
    fn a_cut_leaves_what_comes_before(seed in 0..20u64, at: prop::sample::Index) {
        let (bytes, digests) = recorded(seed, 45, seed % 2 == 1);
        let whole = Replay::parse(&bytes).unwrap();
        let at = at.index(bytes.len());
        match Replay::parse(&bytes[..at]) {
            Ok(replay) => {
                let cut = replay.truncated_at().unwrap();
                prop_assert!(cut <= at as u64);
                prop_assert_eq!(replay.ticks(), &whole.ticks()[..replay.ticks().len()]);
                prop_assert_eq!(replay.footer(), None);
                // Only the truncated frame is lost.
                let again = Replay::parse(&bytes[..cut as usize]).unwrap();
                prop_assert_eq!(again.ticks().len(), replay.ticks().len());
                let verified = verify(&bytes[..at]).unwrap();
                prop_assert_eq!(verified.digest, digests[replay.ticks().len()]);
                prop_assert_eq!((verified.truncated_at, verified.complete), (Some(cut), false));
            }
            Err(error) => {
                let error = error.to_string();
                let header = error.contains("ends within its header")
                    || error.contains("ends within its first 9 bytes")
                    || error.contains("empty");
                prop_assert!(header, "{}", error);
            }
        }
    }

    /// A truncated version 1 replay is read up to its last complete line.
    #[test]
    fn a_cut_line_is_left_out(at: prop::sample::Index) {
        let text = include_bytes!("data/replays/v1-small.jsonl");
        let whole = Replay::parse(text).unwrap();
        let header = text.iter().position(|&byte| byte == b'\n').unwrap();
        let at = header + at.index(text.len() - header);
        let replay = Replay::parse(&text[..at]).unwrap();
        let within = text[at - 1] != b'\n' && text.get(at).is_some_and(|&byte| byte != b'\n');
        let unfinished = usize::from(within || text[at - 1] == b'\n');
        let lines = text[..at].split(|&byte| byte == b'\n').count() - unfinished;
        prop_assert_eq!(replay.ticks(), &whole.ticks()[..lines - 1]);
        prop_assert_eq!(replay.truncated_at().is_some(), within);
    }
}

#[test]
fn a_recorded_run_plays_again_and_says_what_it_is() {
    let (bytes, digests) = recorded(11, 45, true);
    let replay = Replay::parse(&bytes).unwrap();
    assert_eq!(
        replay.keyframes().iter().map(|keyframe| keyframe.tick).collect::<Vec<_>>(),
        [0, 20, 40]
    );
    assert!(replay.keyframes().iter().all(|keyframe| keyframe.state.is_some()));
    assert!(
        replay.ticks().iter().any(|tick| tick.outcomes.iter().any(Result::is_err)),
        "a refused order is recorded"
    );
    assert_eq!(replay.header().seat(faction(1)).unwrap().player, "random");

    let mut playback = replay.play().unwrap();
    let mut tick = 0;
    while let Some(world) = playback.next_tick().unwrap() {
        tick += 1;
        assert_eq!(world.digest(), digests[tick]);
    }
    assert_eq!(tick, 45);
    assert!(playback.next_tick().unwrap().is_none());

    for tick in [0, 1, 19, 20, 21, 45] {
        assert_eq!(replay.world_at(tick).unwrap().digest(), digests[tick as usize]);
        assert_eq!(replay.play().unwrap().play_to(tick).unwrap().digest(), digests[tick as usize]);
    }
    assert!(matches!(replay.world_at(46), Err(ReplayError::Absent { tick: 46, last: 45 })));

    let verified = verify(&bytes).unwrap();
    assert_eq!((verified.version, verified.ticks, verified.complete), (2, 45, true));
    assert_eq!((verified.orders, verified.chain), (replay.orders(), replay.chain()));
}

#[test]
fn what_is_no_run_from_tick_0_on_is_not_written() {
    let (mut world, header) = beginning(3);
    let mut writer = Writer::new(&header, &world).unwrap();
    assert!(
        writer.tick(&world, &[]).unwrap_err().to_string().contains("expected tick 1, got tick 0")
    );
    world.step(&[]);
    assert!(Writer::new(&header, &world).unwrap_err().to_string().contains("tick 1"));
    assert!(writer.finish(&world).unwrap_err().to_string().contains("the last recorded tick is 0"));
    let long = Order {
        reason: Some("x".repeat(TEXT_MAX + 1).into()),
        ..Order::new(faction(0), Command::Cancel { fleet: FleetId(1) })
    };
    let mut writer = Writer::new(&header, &header.world().unwrap()).unwrap();
    let mut first = header.world().unwrap();
    first.step(std::slice::from_ref(&long));
    let before = writer.bytes().len();
    let error = writer.tick(&first, &[long]).unwrap_err().to_string();
    assert!(error.contains("reason has 65537 bytes; allowed are 0 to 65536"), "{error}");
    assert_eq!(writer.bytes().len(), before);
    let doubled =
        Header { seats: [header.seats.clone(), header.seats.clone()].concat(), ..header.clone() };
    let error = Writer::new(&doubled, &header.world().unwrap()).unwrap_err().to_string();
    assert!(error.contains("seats has F1 twice"), "{error}");
}

/// Error of verifying a replay that was changed and then chained and sealed again.
fn forged(change: impl Fn(&mut Forgery)) -> String {
    let (bytes, _) = recorded(11, 45, true);
    let mut forgery = Forgery::of(&bytes);
    assert_eq!(forgery.bytes(), bytes, "what is not changed is the same");
    change(&mut forgery);
    let bytes = forgery.bytes();
    let verified = verify(&bytes).unwrap_err().to_string();
    // Playing gives the same result as verifying.
    if let Ok(replay) = Replay::parse(&bytes) {
        let played = replay.play().and_then(|mut playback| {
            while playback.next_tick()?.is_some() {}
            Ok(())
        });
        assert_eq!(played.unwrap_err().to_string(), verified);
    }
    verified
}

/// Position of the frame of the first matching tick.
fn find(forgery: &Forgery, fits: impl Fn(&Tick) -> bool) -> usize {
    forgery
        .frames
        .iter()
        .position(|(kind, payload)| *kind == TICK && fits(&Tick::decode(payload).unwrap()))
        .unwrap()
}

fn alter(forgery: &mut Forgery, frame: usize, change: impl Fn(&mut Tick)) {
    let mut tick = Tick::decode(&forgery.frames[frame].1).unwrap();
    change(&mut tick);
    forgery.frames[frame].1 = tick.encode().unwrap();
}

#[test]
fn whoever_forges_the_chain_too_is_found_by_playing() {
    let error = forged(|forgery| {
        let frame = find(forgery, |tick| tick.tick == 9);
        alter(forgery, frame, |tick| tick.digest.0 ^= 1);
    });
    assert!(error.starts_with("the run diverges at tick 9: recorded digest "), "{error}");

    let error = forged(|forgery| {
        let frame = find(forgery, |tick| tick.outcomes.iter().any(Result::is_err));
        alter(forgery, frame, |tick| {
            tick.outcomes.iter_mut().for_each(|outcome| *outcome = Ok(None));
        });
    });
    assert!(error.contains("differs: recorded accepted, played "), "{error}");

    let error = forged(|forgery| {
        let frame = find(forgery, |tick| tick.outcomes.iter().any(Result::is_ok));
        alter(forgery, frame, |tick| {
            let order = tick.outcomes.iter().position(Result::is_ok).unwrap();
            tick.orders.remove(order);
            let _ = tick.outcomes.remove(order);
        });
        forgery.orders -= 1;
    });
    assert!(error.starts_with("the run diverges at tick "), "{error}");

    let error = forged(|forgery| {
        forgery.result = vec![1, 2, 45];
    });
    assert_eq!(error, "the result differs: recorded F2 by domination in tick 45, played undecided");

    let error = forged(|forgery| {
        let state = forgery.states.get_mut(&20).unwrap();
        *state = state.replacen(r#""color":""#, r##""color":"#"##, 1);
    });
    assert!(
        error.starts_with(
            "the state recorded at tick 20 differs from the played one: faction F1, color: "
        ),
        "{error}"
    );

    let error = forged(|forgery| {
        forgery.header = forgery.header.replacen(r#""seed":11"#, r#""seed":12"#, 1);
    });
    assert!(error.starts_with("the run diverges at tick 0:"), "{error}");
    let error = forged(|forgery| {
        forgery.header = forgery.header.replacen(r#""rules_version":2"#, r#""rules_version":3"#, 1);
    });
    assert!(
        error.contains("recorded under rules version 3; this engine supports version 2"),
        "{error}"
    );
    let error = forged(|forgery| {
        forgery.header = forgery.header.replacen(r#""overwhelming":8"#, r#""overwhelming":9"#, 1);
    });
    assert!(error.contains("rules_hash = "), "{error}");
}

#[test]
fn whoever_does_not_forge_the_chain_is_found_by_reading() {
    let (bytes, _) = recorded(11, 45, false);
    let altered = |change: &dyn Fn(&mut Forgery)| {
        let mut forgery = Forgery::of(&bytes);
        forgery.keep_chain = true;
        change(&mut forgery);
        Replay::parse(&forgery.bytes()).unwrap_err()
    };
    let error = altered(&|forgery| {
        let frame = find(forgery, |tick| tick.tick > 20 && !tick.orders.is_empty());
        alter(forgery, frame, |tick| tick.orders[0].reason = Some("another".into()));
    });
    assert!(
        matches!(error, ReplayError::Altered { position, .. } if position.tick == 40),
        "{error}"
    );
    assert!(
        error.to_string().contains("(at byte ") && error.to_string().contains("after tick 40)"),
        "{error}"
    );
    let error = altered(&|forgery| forgery.header = forgery.header.replacen("u-test", "u-fake", 1));
    assert!(
        matches!(error, ReplayError::Altered { position, .. } if position.tick == 0),
        "{error}"
    );
    let error = altered(&|forgery| {
        let frame = find(forgery, |tick| tick.tick == 44);
        alter(forgery, frame, |tick| tick.digest.0 ^= 1);
    });
    assert!(error.to_string().contains("the chain head of the footer"), "{error}");
}

#[test]
fn what_is_no_replay_is_refused_with_place_and_limit() {
    let (bytes, _) = recorded(11, 25, false);
    let refused = |bytes: &[u8]| Replay::parse(bytes).unwrap_err().to_string();
    let forgery = || Forgery::of(&bytes);
    assert_eq!(refused(b""), "not a replay: no data");
    assert!(
        refused(b"PK\x03\x04")
            .contains("the first bytes are 50 4b 03 04; a replay begins with 89 53 45")
    );
    assert!(refused(b"\x28\xb5\x2f\xfdxyz").contains("compressed with zstd"));
    assert!(
        refused(b"\x89SECTOR\n\x03")
            .contains("version 3; supported is \"sector-replay\", versions 1 and 2")
    );
    assert!(refused(br#"{"format":"sector-replay","version":7}"#).contains("version 7"));
    assert!(refused(b"{}").contains("line 1 of the replay is invalid: missing field `format`"));
    assert!(refused(b"{\n{").contains("line 1 of the replay is invalid"));

    let begin = b"\x89SECTOR\n\x02".to_vec();
    let with = |frames: &[u8]| refused(&[&begin, frames].concat());
    assert!(with(&[9, 0]).contains(
        "frame 0 (at byte 9, after tick 0): kind = 9 is not allowed; allowed are 1 to 4"
    ));
    assert!(
        with(&[1, 0xff, 0xff, 0xff, 0xff, 0x7f])
            .contains("header has 34359738367 bytes; allowed are 0 to 1048576")
    );
    assert!(with(&[1, 0x80, 0]).contains("the length is not a number in its shortest form"));
    assert!(with(&[2, 0]).contains("unexpected tick; expected a header"));
    assert!(with(&[1, 2, b'{', b'}']).contains("the header is invalid: missing field"));

    let mut no_keyframe = forgery();
    no_keyframe.frames.retain(|(kind, _)| *kind != KEYFRAME);
    assert!(
        refused(&no_keyframe.bytes()).contains("unexpected tick; expected the keyframe of tick 0")
    );
    let mut no_state = forgery();
    no_state.states.clear();
    assert!(refused(&no_state.bytes()).contains("the keyframe of tick 0 must have a state"));
    let mut gap = forgery();
    gap.frames.remove(find(&gap, |tick| tick.tick == 5));
    let error = refused(&gap.bytes());
    assert!(error.contains("after tick 4): unexpected tick 6; expected tick 5"), "{error}");
    let mut twice = forgery();
    let keyframe = twice.frames.iter().rposition(|(kind, _)| *kind == KEYFRAME).unwrap();
    twice.frames.insert(keyframe, (KEYFRAME, Vec::new()));
    assert!(refused(&twice.bytes()).contains("unexpected keyframe; expected a tick or the footer"));
    let mut counted = forgery();
    counted.orders += 1;
    assert!(refused(&counted.bytes()).contains("number of orders = "));
    let mut headers = forgery();
    let header = headers.frames.iter().position(|(kind, _)| *kind == HEADER).unwrap();
    headers.frames.insert(header + 2, (HEADER, b"{}".to_vec()));
    assert!(refused(&headers.bytes()).contains("unexpected header; expected a tick"));
    let mut after = bytes.clone();
    after.push(FOOTER);
    assert!(refused(&after).contains("unexpected bytes after the footer"));

    let mut claims = Vec::new();
    number(&mut claims, 1);
    number(&mut claims, 900_000);
    claims.extend([0; 100]);
    assert_eq!(
        Tick::decode(&claims).unwrap_err().to_string(),
        "the tick claims 900000 orders, but has bytes for at most 25"
    );
    claims.clear();
    number(&mut claims, 1);
    number(&mut claims, ORDERS_MAX as u64 + 1);
    assert!(Tick::decode(&claims).unwrap_err().to_string().contains("allowed are 0 to 1000000"));
    let order = Order {
        reason: Some("why".into()),
        ..Order::new(faction(0), Command::Cancel { fleet: FleetId(1) })
    };
    let tick = Tick { tick: 1, orders: vec![order], outcomes: vec![Ok(None)], digest: Digest(0) };
    let good = tick.encode().unwrap();
    let bad = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Tick::decode(&bytes).unwrap_err().to_string()
    };
    assert!(bad(2, 0b0101_0001).contains("order 0: head = 0b01010001 is not a valid combination"));
    assert_eq!(bad(3, 97), "order 0: faction = 97 is not allowed; allowed are 0 to 96");
    assert!(bad(6, 0xff).contains("order 0: reason is not UTF-8"));
    assert!(bad(5, 0x7f).contains("payload ends within reason"));
}

#[test]
fn verifying_keeps_one_tick_and_tells_how_far_it_is() {
    let (bytes, digests) = recorded(5, 30, false);
    let mut verifier = Verifier::default();
    let half = bytes.len() - 200;
    verifier.push(&bytes[..half]).unwrap();
    let ticks = verifier.ticks();
    assert!(0 < ticks && ticks < 30, "{ticks}");
    verifier.push(&bytes[half..]).unwrap();
    assert_eq!(verifier.finish().unwrap().digest, digests[30]);
}
