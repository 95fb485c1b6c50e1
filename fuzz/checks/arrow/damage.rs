//! What is damaged in a schema or an array.

use std::ffi::CString;

use arbitrary::Arbitrary;

use super::columns::Node;

/// What is wrong, and where.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Damage {
    batch: u8,
    node: u8,
    part: Part,
}

#[derive(Arbitrary, Clone, Debug)]
enum Part {
    Length(Wrong),
    NullCount(Wrong),
    Offset(Wrong),
    Buffers(Wrong),
    Children(Wrong),
    Format(u8),
    Name,
    Byte(u8, u16, u8),
    NullBuffer(u8),
    NullChild,
    Released,
    NoDictionary,
}

/// A number that is wrong. None is so large that memory might hold it, as nobody could see
/// then that memory doesn't.
#[derive(Arbitrary, Clone, Debug)]
enum Wrong {
    Less(u8),
    Negative(i32),
    Huge(u8),
}

const FORMATS: [&str; 32] = [
    "",
    "?",
    "n",
    "b",
    "c",
    "s",
    "i",
    "l",
    "L",
    "e",
    "f",
    "g",
    "w:-1",
    "w:0",
    "w:4",
    "w:99999999999",
    "d:0,0",
    "d:39,2",
    "d:9,2,32",
    "d:76,3,256",
    "d:5,9",
    "vu",
    "vz",
    "tdD",
    "tdm",
    "tts",
    "tiM",
    "tsx:",
    "+s",
    "+l",
    "+r",
    "\u{e9}",
];

impl Wrong {
    fn apply(&self, number: &mut i64) {
        *number = match self {
            Wrong::Less(less) => *number - i64::from(less % 16),
            Wrong::Negative(number) => -i64::from(*number).abs(),
            Wrong::Huge(less) => i64::MAX - i64::from(*less),
        };
    }

    /// Two more pointers are there than are counted.
    fn apply_to_count(&self, number: &mut i64) {
        match self {
            Wrong::Less(more @ 0..=1) => *number += i64::from(more + 1),
            wrong => wrong.apply(number),
        }
    }
}

impl Damage {
    /// Returns the place of the batch that is damaged; `None` if it is the schema.
    pub(crate) fn batch(&self, batches: usize) -> Option<usize> {
        let place = usize::from(self.batch) % (batches + 1);
        (place < batches).then_some(place)
    }

    pub(crate) fn apply(&self, root: &mut Node) {
        let mut place = usize::from(self.node % 16);
        let is_root = place == 0;
        let Some(node) = root.find(&mut place) else {
            return;
        };
        match &self.part {
            Part::Length(wrong) => wrong.apply(&mut node.length),
            Part::NullCount(wrong) => wrong.apply(&mut node.null_count),
            Part::Offset(wrong) => wrong.apply(&mut node.offset),
            Part::Buffers(wrong) => {
                wrong.apply_to_count(&mut node.n_buffers);
                node.n_buffers = limited(node.n_buffers, node.buffers.len());
            }
            Part::Children(wrong) => {
                wrong.apply_to_count(&mut node.n_children);
                node.n_children = limited(node.n_children, node.children.len());
            }
            Part::Format(number) => {
                let format = FORMATS[usize::from(*number) % FORMATS.len()];
                node.format = CString::new(format).expect("no NUL");
            }
            Part::Name => node.name = CString::default(),
            Part::Byte(number, place, byte) => node.damage_byte(*number, *place, *byte),
            Part::NullBuffer(number) if !node.buffers.is_empty() => {
                let number = usize::from(*number) % node.buffers.len();
                node.buffers[number].clear();
            }
            Part::NullBuffer(_) => {}
            // Rows that are released are the end of the stream.
            Part::NullChild | Part::Released if is_root => {}
            Part::NullChild => node.is_null = true,
            Part::Released => node.is_released = true,
            Part::NoDictionary => node.dictionary = None,
        }
    }
}

/// Returns a count of pointers, no more than two above how many there are, or more than
/// memory holds.
fn limited(count: i64, there: usize) -> i64 {
    match count > there as i64 + 2 && count < i64::MAX / 2 {
        true => there as i64,
        false => count,
    }
}

impl Node {
    fn damage_byte(&mut self, number: u8, place: u16, byte: u8) {
        if self.buffers.is_empty() {
            return;
        }
        let number = usize::from(number) % self.buffers.len();
        let (place, byte) = match self.lengths {
            Some((lengths, width)) if lengths == number => {
                let place = usize::from(place % 128);
                match place % width {
                    0 => (place, byte),
                    1 => (place, byte & 3),
                    // Below zero.
                    _ => (place / width * width + width - 1, byte | 0x80),
                }
            }
            _ => (usize::from(place % 1_024), byte),
        };
        if let Some(word) = self.buffers[number].get_mut(place / 8) {
            let mut bytes = word.to_ne_bytes();
            bytes[place % 8] = byte;
            *word = u64::from_ne_bytes(bytes);
        }
    }
}
