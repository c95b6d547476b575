//! The lines of a file, the last one first, in bounded memory whatever stands in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::line::MAX_LINE;

/// Bytes that are read at once.
const CHUNK: u64 = 16 * 1024;
/// A line of so many bytes is not looked for the beginning of.
const MAX_SKIPPED: u64 = 1 << 30;

/// A line.
pub(super) enum Piece {
    /// Without its line break.
    Line(Vec<u8>),
    /// It is longer than any line of the journal.
    TooLong,
}

/// Reads a file from its end as it was when this was made.
pub(super) struct Backwards {
    file: File,
    /// Where `held` begins in the file.
    position: u64,
    /// What was read and not yet given out.
    held: Vec<u8>,
}

impl Backwards {
    pub(super) fn new(mut file: File) -> io::Result<Self> {
        let position = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, position, held: Vec::new() })
    }

    /// Returns the position of the last line break before the end; 0 where there is none.
    pub(super) fn end_of_whole_lines(mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            if let Some(at) = self.held.iter().rposition(|byte| *byte == b'\n') {
                return Ok(self.position + at as u64 + 1);
            }
            skipped += self.held.len() as u64;
            self.held.clear();
            if self.position == 0 {
                return Ok(0);
            }
            check(skipped)?;
            self.read_chunk()?;
        }
    }

    /// Returns the line before the last one that was returned.
    pub(super) fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        let (mut searched_from, mut skipped) = (0, 0);
        loop {
            // What follows was searched before.
            let unsearched = self.held.len() - searched_from;
            if let Some(at) = self.held[..unsearched].iter().rposition(|byte| *byte == b'\n') {
                let line = self.held.split_off(at + 1);
                self.held.truncate(at);
                return Ok(Some(if skipped > 0 { Piece::TooLong } else { Piece::Line(line) }));
            }
            if self.position == 0 {
                let line = std::mem::take(&mut self.held);
                return Ok(match (skipped > 0, line.is_empty()) {
                    (true, _) => Some(Piece::TooLong),
                    (false, true) => None,
                    (false, false) => Some(Piece::Line(line)),
                });
            }
            if skipped > 0 || self.held.len() > MAX_LINE {
                skipped += self.held.len() as u64;
                check(skipped)?;
                self.held.clear();
            }
            searched_from = self.held.len();
            self.read_chunk()?;
        }
    }

    /// Puts the bytes before the held ones in front of them.
    fn read_chunk(&mut self) -> io::Result<()> {
        let count = CHUNK.min(self.position);
        let mut bytes = Vec::with_capacity(count as usize + self.held.len());
        self.position -= count;
        self.file.seek(SeekFrom::Start(self.position))?;
        if (&self.file).take(count).read_to_end(&mut bytes)? as u64 != count {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        bytes.append(&mut self.held);
        self.held = bytes;
        Ok(())
    }
}

fn check(skipped: u64) -> io::Result<()> {
    if skipped <= MAX_SKIPPED {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it holds a line of more than 1 GiB, so it is not a journal"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn pieces(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut lines = Backwards::new(file).unwrap();
        std::iter::from_fn(|| lines.next_piece().unwrap())
            .map(|piece| if let Piece::Line(line) = piece { Some(line) } else { None })
            .collect()
    }

    #[test]
    fn lines_come_from_the_end_whatever_their_length() {
        for length in [0, 1, CHUNK as usize - 1, CHUNK as usize, CHUNK as usize + 1, 3 * CHUNK as usize, MAX_LINE] {
            let middle = vec![b'm'; length];
            let text = [b"first\n", middle.as_slice(), b"\nlast\n"].concat();
            let expected = [b"".as_slice(), b"last", &middle, b"first"].map(|line| Some(line.to_vec()));
            assert!(pieces(&text) == expected, "{length}");
        }
        assert!(pieces(b"").is_empty());
        assert_eq!(pieces(b"torn"), [Some(b"torn".to_vec())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        for length in [MAX_LINE + CHUNK as usize, 3 * MAX_LINE] {
            let long = vec![b'x'; length];
            let first = [long.as_slice(), b"\nlast"].concat();
            assert!(pieces(&first) == [Some(b"last".to_vec()), None]);
            let middle = [b"first\n", long.as_slice(), b"\nlast"].concat();
            assert!(pieces(&middle) == [Some(b"last".to_vec()), None, Some(b"first".to_vec())]);
        }
    }
}
