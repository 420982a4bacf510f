//! Server-Sent Events as bytes come in: for [`crate::Ticks`], and for those who bring a connection of their own.
//!
//! Each byte is looked at once, and what an event holds is not copied out of the buffer unless it has several lines. What
//! has been given out leaves the buffer when the next bytes come, so that many small events in one piece are not moved
//! up once for each of them.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// The greatest event that is taken: beyond it are no snapshots, even of the largest sectors.
pub const EVENT_BYTES_MAX: usize = 512 << 20;
/// The most memory that is kept for events to come: a snapshot may have needed far more than any tick after it.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// Takes bytes in pieces of any size and gives events out.
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
    /// Where the event begins that is not complete yet.
    begin: usize,
    /// Where the line begins that is not complete yet.
    line: usize,
    /// Up to where no line end was found.
    searched: usize,
    id: Option<(usize, usize)>,
    data: Vec<(usize, usize)>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its id, to go on from.
    pub id: Option<&'a str>,
    /// Its data.
    pub data: Cow<'a, [u8]>,
}

impl Decoder {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Error::Stream`] when an event is greater than [`EVENT_BYTES_MAX`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.forget();
        if self.buffer.len() + bytes.len() > EVENT_BYTES_MAX {
            return Err(Error::Stream(format!("an event is greater than {EVENT_BYTES_MAX} bytes")));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes what was given out from the buffer.
    fn forget(&mut self) {
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

    /// The next event with data, if it is complete.
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

/// Where the value begins, if the line has this name.
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
    fn events_come_out_however_the_bytes_are_cut() {
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
    fn memory_is_given_free() {
        let mut decoder = Decoder::default();
        decoder.push(b"data: be").unwrap();
        // However the pieces lie, and whether something is said between the events or not.
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
        // Nor does a great event leave its room behind.
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
