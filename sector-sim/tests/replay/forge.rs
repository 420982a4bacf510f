//! A second, independent writer of the format: takes replays apart and reassembles them with
//! changes.

use std::collections::BTreeMap;

use sector_sim::replay::{Replay, Sha256, Tick};

pub(crate) const HEADER: u8 = 1;
pub(crate) const TICK: u8 = 2;
pub(crate) const KEYFRAME: u8 = 3;
pub(crate) const FOOTER: u8 = 4;

pub(crate) fn number(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push((value % 128) as u8 + 128);
        value /= 128;
    }
    out.push(value as u8);
}

fn read_number(bytes: &mut &[u8]) -> u64 {
    let end = bytes.iter().position(|byte| *byte < 128).unwrap();
    let value =
        bytes[..=end].iter().rev().fold(0, |value, byte| value * 128 + u64::from(byte % 128));
    *bytes = &bytes[end + 1..];
    value
}

/// A replay split into parts that can be changed.
pub(crate) struct Forgery {
    /// Kind and payload; headers, keyframes and footers are rewritten from the parts below.
    pub(crate) frames: Vec<(u8, Vec<u8>)>,
    pub(crate) header: String,
    pub(crate) states: BTreeMap<u64, String>,
    pub(crate) orders: u64,
    /// Bytes of the result in the footer.
    pub(crate) result: Vec<u8>,
    /// Whether to keep the hashes of the original chain.
    pub(crate) keep_chain: bool,
    chains: Vec<Sha256>,
}

impl Forgery {
    pub(crate) fn of(bytes: &[u8]) -> Forgery {
        let replay = Replay::parse(bytes).unwrap();
        let mut forgery = Forgery {
            frames: Vec::new(),
            header: String::new(),
            states: BTreeMap::new(),
            orders: replay.orders(),
            result: vec![0],
            keep_chain: false,
            chains: Vec::new(),
        };
        assert!(replay.footer().unwrap().result.is_none(), "the forger knows undecided runs only");
        for keyframe in replay.keyframes() {
            if let Some(state) = &keyframe.state {
                forgery.states.insert(keyframe.tick, state.to_string());
            }
            forgery.chains.push(keyframe.chain);
        }
        forgery.chains.push(replay.footer().unwrap().chain);
        let mut rest = &bytes[9..];
        while let Some((&kind, after)) = rest.split_first() {
            rest = after;
            let length = read_number(&mut rest) as usize;
            forgery.frames.push((kind, rest[..length].to_vec()));
            rest = &rest[length..];
        }
        forgery.header = String::from_utf8(forgery.frames[0].1.clone()).unwrap();
        forgery
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"\x89SECTOR\n\x02".to_vec();
        let (mut chain, mut tick, mut digest, mut ticks) = (Sha256::default(), 0, 0u64, 0u64);
        let mut chains = self.chains.iter();
        for (index, (kind, payload)) in self.frames.iter().enumerate() {
            let mut payload = payload.clone();
            let begin = out.len();
            if *kind == HEADER && index == 0 {
                payload = self.header.clone().into_bytes();
                let value: serde_json::Value = serde_json::from_str(&self.header).unwrap();
                digest = u64::from_str_radix(value["digest"].as_str().unwrap(), 16).unwrap();
            }
            if *kind == TICK {
                let read = Tick::decode(&payload).unwrap();
                (tick, digest) = (read.tick, read.digest.0);
                ticks += 1;
                chain = Sha256::of(&[&chain.0, &payload]);
            }
            let named = if matches!(*kind, KEYFRAME | FOOTER) && self.keep_chain {
                *chains.next().unwrap()
            } else {
                chain
            };
            if *kind == KEYFRAME {
                payload.clear();
                number(&mut payload, tick);
                payload.extend(digest.to_le_bytes());
                payload.extend(named.0);
                match self.states.get(&tick) {
                    None => payload.push(0),
                    Some(state) => {
                        payload.push(1);
                        payload.extend(Sha256::of(&[state.as_bytes()]).0);
                        payload.extend(state.bytes());
                    }
                }
            }
            if *kind == FOOTER {
                payload.clear();
                number(&mut payload, ticks);
                number(&mut payload, self.orders);
                payload.extend(&self.result);
                payload.extend(digest.to_le_bytes());
                payload.extend(named.0);
                let seal = Sha256::of(&[&payload]);
                payload.extend(seal.0);
            }
            out.push(*kind);
            number(&mut out, payload.len() as u64);
            out.extend(&payload);
            if *kind == HEADER && index == 0 {
                chain = Sha256::of(&[&out[begin..]]);
            }
        }
        out
    }
}
