//! An incremental decoder of Server-Sent Events, for [`crate::Ticks`] and for programs with their
//! own connection.
//!
//! Kept by hand for speed: each byte is read once, and the data of an event is not copied unless it
//! has several lines. Returned events are removed from the buffer only when the next bytes arrive,
//! so that many small events in one piece do not move the rest of the buffer each time.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// Largest event accepted, in bytes: more than a snapshot of the largest sector.
pub const EVENT_BYTES_MAX: usize = 512 << 20;
/// Largest capacity kept for later events, in bytes: a snapshot needs far more than the ticks after
/// it.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// Decodes events from pieces of any size.
///
/// ```
/// use sector_client::sse::Decoder;
/// let mut decoder = Decoder::default();
/// decoder.push(b"data: {\"id\":\"17-0\"}\nid: 17-0.00c0ffee").unwrap();
/// assert!(decoder.next_event().is_none());
/// decoder.push(b"00c0ffee\n\n:\n\n").unwrap();
/// let event = decoder.next_event().unwrap();
/// assert_eq!((event.id, &event.data[..]), (Some("17-0.00c0ffee00c0ffee"), b"{\"id\":\"17-0\"}".as_slice()));
/// assert!(decoder.next_event().is_none());
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Start of the incomplete event.
    begin: usize,
    /// Start of the incomplete line.
    line: usize,
    /// End of the part that was searched for line ends.
    searched: usize,
    id: Option<(usize, usize)>,
    data: Vec<(usize, usize)>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Id of the event, to resume from.
    pub id: Option<&'a str>,
    /// Data of the event.
    pub data: Cow<'a, [u8]>,
}

impl Decoder {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`Error::Stream`] if an event is larger than [`EVENT_BYTES_MAX`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.discard();
        if self.buffer.len() + bytes.len() > EVENT_BYTES_MAX {
            return Err(Error::Stream(format!("an event is larger than {EVENT_BYTES_MAX} bytes")));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Removes returned events from the buffer.
    fn discard(&mut self) {
        let gone = std::mem::take(&mut self.begin);
        if gone == 0 {
            return;
        }
        self.buffer.drain(..gone);
        if self.buffer.len() < SPARE_BYTES_MAX / 2 {
            self.buffer.shrink_to(SPARE_BYTES_MAX);
        }
        self.line -= gone;
        self.searched -= gone;
        for (begin, end) in self.id.iter_mut().chain(&mut self.data) {
            *begin -= gone;
            *end -= gone;
        }
    }

    /// The next complete event with data.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        loop {
            let Some(offset) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                return None;
            };
            let end = self.searched + offset;
            let (begin, mut last) = (self.line, end);
            if last > begin && self.buffer[last - 1] == b'\r' {
                last -= 1;
            }
            self.line = end + 1;
            self.searched = self.line;
            let line = &self.buffer[begin..last];
            if !line.is_empty() {
                if let Some(skip) = value_of(line, b"data") {
                    self.data.push((begin + skip, last));
                } else if let Some(skip) = value_of(line, b"id") {
                    self.id = Some((begin + skip, last));
                } else if self.data.is_empty() && self.id.is_none() {
                    self.begin = self.line;
                }
                continue;
            }
            self.begin = self.line;
            let (id, data) = (self.id.take(), std::mem::take(&mut self.data));
            let data = match data.as_slice() {
                [] => continue,
                &[(begin, end)] => Cow::Borrowed(&self.buffer[begin..end]),
                many => {
                    let lines: Vec<&[u8]> =
                        many.iter().map(|&(begin, end)| &self.buffer[begin..end]).collect();
                    Cow::Owned(lines.join(&b'\n'))
                }
            };
            let id = id.and_then(|(begin, end)| std::str::from_utf8(&self.buffer[begin..end]).ok());
            return Some(Event { id, data });
        }
    }
}

/// Offset of the value, if the line has this field name.
fn value_of(line: &[u8], name: &[u8]) -> Option<usize> {
    match line.strip_prefix(name)? {
        [b':', b' ', ..] => Some(name.len() + 2),
        [b':', ..] => Some(name.len() + 1),
        [] => Some(name.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"retry: 1000\n\n:\n\nid: 1-0.a\ndata: {\"a\": 1}\n\n: hello\r\ndata:x\r\ndata: y\r\n\r\nid: 2\nevent: e\n\ndata\n\ndatax: 7\n\ndata: 9\n";

    fn all(decoder: &mut Decoder, found: &mut Vec<(Option<String>, String)>) {
        while let Some(event) = decoder.next_event() {
            found.push((
                event.id.map(str::to_owned),
                String::from_utf8(event.data.into_owned()).unwrap(),
            ));
        }
    }

    #[test]
    fn events_do_not_depend_on_how_bytes_are_split() {
        let wanted = [
            (Some("1-0.a".to_owned()), "{\"a\": 1}".to_owned()),
            (None, "x\ny".to_owned()),
            (None, String::new()),
        ];
        for size in 1..=TEXT.len() {
            let (mut decoder, mut found) = (Decoder::default(), Vec::new());
            for piece in TEXT.chunks(size) {
                decoder.push(piece).unwrap();
                all(&mut decoder, &mut found);
            }
            assert_eq!(found, wanted, "in pieces of {size}");
            decoder.push(b"\n").unwrap();
            all(&mut decoder, &mut found);
            assert_eq!(found.len(), wanted.len() + 1);
            assert_eq!(found[3].1, "9");
        }
    }

    #[test]
    fn memory_is_released() {
        let mut decoder = Decoder::default();
        decoder.push(b"data: be").unwrap();
        // Pieces that end within an event, with and without comments between events.
        for piece in [
            &b"gun\n\ndata: be"[..],
            b"gun\nid: 7\n\nid: 8\ndata: be",
            b"gun\n\n:\n:\ndata: done\nid: 9\n\ndata: be",
        ] {
            for _ in 0..1_000 {
                decoder.push(piece).unwrap();
                assert_eq!(*decoder.next_event().unwrap().data, *b"begun");
                while decoder.next_event().is_some() {}
            }
            assert!(decoder.buffer.capacity() < 1_000, "{}", decoder.buffer.capacity());
        }
        // A large event does not keep its capacity.
        let mut decoder = Decoder::default();
        decoder.push(b"data: ").unwrap();
        decoder.push(&vec![b'x'; 4 * SPARE_BYTES_MAX]).unwrap();
        decoder.push(b"\n\n").unwrap();
        assert_eq!(decoder.next_event().unwrap().data.len(), 4 * SPARE_BYTES_MAX);
        decoder.push(b"data: small\n\n").unwrap();
        assert_eq!(*decoder.next_event().unwrap().data, *b"small");
        assert!(decoder.buffer.capacity() <= SPARE_BYTES_MAX, "{}", decoder.buffer.capacity());
    }
}
