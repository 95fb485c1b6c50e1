//! Columns of Arrow arrays as plain buffers.

use std::ffi::CString;

use arbitrary::Arbitrary;

/// How a column has its items: small whole numbers, or what stands for them.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Column {
    /// Timestamps of a unit, with a time zone or without.
    Timestamp(Unit, bool),
    Int8,
    Int16,
    Int32,
    Int64,
    UInt64,
    Float32,
    Float64,
    Decimal,
    Text,
    LargeText,
    TextView,
    Bytes,
    FixedBytes,
    Bool,
    Null,
    /// Keys of 8 or 32 bits into the items.
    Dictionary(bool, Box<Column>),
    /// Runs of one item each, whose ends have 16, 32 or 64 bits.
    Runs(u8, Box<Column>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// Where seconds count from: as a number of seconds it has the magnitude of one.
const START: i64 = 1_704_283_200;

/// A schema and an array in one.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) format: CString,
    pub(crate) name: CString,
    pub(crate) length: i64,
    pub(crate) null_count: i64,
    pub(crate) offset: i64,
    pub(crate) n_buffers: i64,
    pub(crate) n_children: i64,
    pub(crate) buffers: Vec<Vec<u64>>,
    /// Which of the buffers say how long another is, and how many bytes a number has.
    pub(super) lengths: Option<(usize, usize)>,
    pub(crate) children: Vec<Node>,
    pub(crate) dictionary: Option<Box<Node>>,
    pub(crate) is_null: bool,
    pub(crate) is_released: bool,
}

/// Longer, in words of 8 bytes, than any damaged number makes a buffer seem: lengths and
/// offsets stay below 1,024, and 40 items have 32 bytes at most.
const ROOM: usize = 256;
/// How many columns may hold one another.
const DEEPEST: usize = 2;

fn buffer(bytes: &[u8]) -> Vec<u64> {
    let mut words = vec![0; ROOM];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut padded = [0; 8];
        padded[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_ne_bytes(padded);
    }
    words
}

fn bitmap(bits: impl IntoIterator<Item = bool>) -> Vec<u8> {
    let bits: Vec<_> = bits.into_iter().collect();
    let byte = |bits: &[bool]| {
        let bits = bits.iter().enumerate();
        bits.fold(0, |byte, (place, bit)| byte | u8::from(*bit) << place)
    };
    bits.chunks(8).map(byte).collect()
}

impl Column {
    /// Returns the column that has the items, and how many columns hold it.
    fn inner(&self, depth: usize) -> &Column {
        match self {
            Column::Dictionary(_, column) | Column::Runs(_, column) => match depth {
                DEEPEST => &Column::Text,
                depth => column.inner(depth + 1),
            },
            column => column,
        }
    }

    /// Returns the instant that an item of column `ts` stands for, in microseconds; `None`
    /// if none does.
    pub(crate) fn instant(&self, item: i64) -> Option<i64> {
        let second = START + item;
        let second = match self.inner(0) {
            Column::Null | Column::Bool => return None,
            Column::Int8 => (second as i8).into(),
            Column::Int16 => (second as i16).into(),
            Column::Float32 => second as f32 as i64,
            _ => second,
        };
        Some(second * 1_000_000)
    }

    /// Returns the value that an item of column `value` stands for; `None` if none does.
    pub(crate) fn value(&self, item: i64) -> Option<f64> {
        match self.inner(0) {
            Column::Null | Column::Bool | Column::Timestamp(..) => None,
            Column::UInt64 => Some(item as u64 as f64),
            _ => Some(item as f64),
        }
    }

    /// Returns `true` if an item can be read as text.
    pub(crate) fn has_texts(&self) -> bool {
        !matches!(self.inner(0), Column::Timestamp(..))
    }

    /// Returns a column of these items. Those of `ts` are seconds.
    pub(crate) fn node(&self, name: &str, items: &[Option<i64>], is_ts: bool) -> Node {
        let numbers: Vec<_> = items
            .iter()
            .map(|item| item.map(|item| if is_ts { START + item } else { item }))
            .collect();
        let mut node = self.inner_node(&numbers, is_ts, 0);
        node.name = CString::new(name).expect("no NUL");
        node
    }

    fn inner_node(&self, items: &[Option<i64>], is_ts: bool, depth: usize) -> Node {
        let plain = |width: usize| {
            let items = items.iter().map(|item| item.unwrap_or(0));
            let bytes =
                items.flat_map(|item| i128::from(item).to_le_bytes().into_iter().take(width));
            vec![buffer(&bytes.collect::<Vec<_>>())]
        };
        let reals = |real: &dyn Fn(i64) -> Vec<u8>| {
            let bytes = items.iter().flat_map(|item| real(item.unwrap_or(0)));
            vec![buffer(&bytes.collect::<Vec<_>>())]
        };
        let mut node = match self {
            Column::Timestamp(unit, has_zone) => {
                let (letter, factor) = match unit {
                    Unit::Seconds => ('s', 1),
                    Unit::Millis => ('m', 1_000),
                    Unit::Micros => ('u', 1_000_000),
                    Unit::Nanos => ('n', 1_000_000_000),
                };
                let zone = if *has_zone { "Europe/Rome" } else { "" };
                let times = |item: i64| (item * factor).to_le_bytes().to_vec();
                Node::of(&format!("ts{letter}:{zone}"), reals(&times))
            }
            Column::Int8 => Node::of("c", plain(1)),
            Column::Int16 => Node::of("s", plain(2)),
            Column::Int32 => Node::of("i", plain(4)),
            Column::Int64 => Node::of("l", plain(8)),
            Column::UInt64 => Node::of("L", plain(8)),
            Column::Float32 => Node::of("f", reals(&|item| (item as f32).to_le_bytes().to_vec())),
            Column::Float64 => Node::of("g", reals(&|item| (item as f64).to_le_bytes().to_vec())),
            Column::Decimal => {
                let hundredths = |item| (i128::from(item) * 100).to_le_bytes().to_vec();
                Node::of("d:38,2", reals(&hundredths))
            }
            Column::Text => texts("u", 4, items),
            Column::Bytes => texts("z", 4, items),
            Column::LargeText => texts("U", 8, items),
            Column::TextView => views(items, is_ts),
            Column::FixedBytes => {
                Node::of("w:10", reals(&|item| format!("{item:<10}").into_bytes()))
            }
            Column::Bool => {
                let bits = bitmap(
                    items
                        .iter()
                        .map(|item| item.is_some_and(|item| item & 1 == 1)),
                );
                Node::of("b", vec![buffer(&bits)])
            }
            Column::Null => {
                let mut node = Node::of("n", Vec::new());
                (node.n_buffers, node.buffers) = (0, Vec::new());
                node.length = items.len() as i64;
                node.null_count = node.length;
                return node;
            }
            Column::Dictionary(_, column) | Column::Runs(_, column) => {
                let text = Column::Text;
                let column = if depth == DEEPEST { &text } else { &**column };
                return self.holding(column, items, is_ts, depth);
            }
        };
        node.set_items(items);
        node
    }

    /// Returns a dictionary or runs of another column, one item for each of theirs.
    fn holding(&self, column: &Column, items: &[Option<i64>], is_ts: bool, depth: usize) -> Node {
        let values = column.inner_node(items, is_ts, depth + 1);
        let numbers = |from: usize, width: usize| {
            let numbers = (from..).take(items.len());
            let bytes = numbers.flat_map(|number| number.to_le_bytes().into_iter().take(width));
            vec![buffer(&bytes.collect::<Vec<_>>())]
        };
        match self {
            Column::Runs(bits, _) => {
                let (format, width) = [("s", 2), ("i", 4), ("l", 8)][usize::from(bits % 3)];
                let mut ends = Node::of(format, numbers(1, width));
                ends.length = items.len() as i64;
                let mut node = Node::of("+r", Vec::new());
                (node.n_buffers, node.buffers) = (0, Vec::new());
                node.length = items.len() as i64;
                node.n_children = 2;
                node.children = vec![ends, values];
                node
            }
            _ => {
                let (format, width) = match self {
                    Column::Dictionary(true, _) => ("c", 1),
                    _ => ("i", 4),
                };
                let mut node = Node::of(format, numbers(0, width));
                node.length = items.len() as i64;
                node.dictionary = Some(Box::new(values));
                node
            }
        }
    }
}

fn texts(format: &str, width: usize, items: &[Option<i64>]) -> Node {
    let (mut offsets, mut text) = (vec![0; width], Vec::new());
    for item in items {
        text.extend(
            item.map(|item| item.to_string())
                .unwrap_or_default()
                .into_bytes(),
        );
        offsets.extend(&text.len().to_le_bytes()[..width]);
    }
    let mut node = Node::of(format, vec![buffer(&offsets), buffer(&text)]);
    node.lengths = Some((1, width));
    node
}

/// Returns views: those of dates are too long to stand in their place.
fn views(items: &[Option<i64>], is_ts: bool) -> Node {
    let (mut places, mut text) = (Vec::new(), Vec::new());
    for item in items {
        let item = item.unwrap_or(0);
        let spelled = match is_ts {
            true => format!(
                "2024-01-03T12:{:02}:{:02}Z",
                (item - START) / 60,
                (item - START) % 60
            ),
            false => item.to_string(),
        };
        places.extend((spelled.len() as u32).to_le_bytes());
        if spelled.len() > 12 {
            places.extend(&spelled.as_bytes()[..4]);
            places.extend(0_u32.to_le_bytes());
            places.extend((text.len() as u32).to_le_bytes());
            text.extend(spelled.into_bytes());
        } else {
            let mut padded = spelled.into_bytes();
            padded.resize(12, 0);
            places.extend(padded);
        }
    }
    let length = text.len().to_le_bytes();
    let mut node = Node::of("vu", vec![buffer(&places), buffer(&text), buffer(&length)]);
    node.lengths = Some((3, 8));
    node
}

impl Node {
    /// Returns a column of these buffers, the bitmap of nulls before them.
    fn of(format: &str, mut buffers: Vec<Vec<u64>>) -> Self {
        buffers.insert(0, Vec::new());
        Self {
            format: CString::new(format).expect("no NUL"),
            name: CString::default(),
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: buffers.len() as i64,
            n_children: 0,
            buffers,
            lengths: None,
            children: Vec::new(),
            dictionary: None,
            is_null: false,
            is_released: false,
        }
    }

    fn set_items(&mut self, items: &[Option<i64>]) {
        self.length = items.len() as i64;
        self.null_count = items.iter().filter(|item| item.is_none()).count() as i64;
        if self.null_count > 0 {
            self.buffers[0] = buffer(&bitmap(items.iter().map(Option::is_some)));
        }
    }

    /// Returns rows of these columns, `length` of them from `offset` on.
    pub(crate) fn rows(children: Vec<Node>, offset: usize, length: usize) -> Self {
        let mut node = Self::of("+s", Vec::new());
        (node.offset, node.length) = (offset as i64, length as i64);
        node.n_children = children.len() as i64;
        node.children = children;
        node
    }

    /// Returns this node or one below it: number `place` of all.
    pub(super) fn find(&mut self, place: &mut usize) -> Option<&mut Node> {
        if *place == 0 {
            return Some(self);
        }
        *place -= 1;
        let below = self
            .children
            .iter_mut()
            .chain(self.dictionary.as_deref_mut());
        for node in below {
            if let Some(found) = node.find(place) {
                return Some(found);
            }
        }
        None
    }
}
