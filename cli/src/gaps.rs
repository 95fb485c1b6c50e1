//! Gaps: times in which a stream has no rows although it usually has.
//!
//! A gap is a step from one row to the next of more than one and a half times the median step
//! of the stream, as [`Statistics`](satori_store::Statistics) counts them. [`Steps`] finds that
//! limit in one walk along the stream, [`Gaps`] the gaps in a second one, each in little memory
//! however many rows there are. Rows of one instant have no step between them.

use std::collections::BTreeMap;
use std::time::Duration;

use satori_store::Timestamp;

/// Steps whose first this many bits after the highest agree are counted together.
const BITS: u32 = 7;

/// The steps of a stream, walked in order of time.
#[derive(Default)]
pub(crate) struct Steps {
    last: Option<Timestamp>,
    /// How many steps there are of about one length, by their leading bits.
    alike: BTreeMap<u64, Alike>,
    count: u64,
    longest: u64,
}

/// Steps of about one length.
struct Alike {
    count: u64,
    shortest: u64,
}

/// The longest step that is no gap, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(u64);

/// A gap, from the row before it to the row after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// The gaps of a stream, walked in order of time.
pub(crate) struct Gaps {
    limit: Limit,
    last: Option<Timestamp>,
    keep: usize,
    /// How many there are.
    pub(crate) count: u64,
    /// The longest of them, the longest first; the earlier first if they are as long.
    pub(crate) longest: Vec<Gap>,
}

impl Steps {
    /// Adds the next row.
    pub(crate) fn push(&mut self, ts: Timestamp) {
        let before = self.last.replace(ts);
        let step = before.map_or(0, |before| micros(before, ts));
        if step == 0 {
            return;
        }
        self.count += 1;
        self.longest = self.longest.max(step);
        let alike = self.alike.entry(leading(step)).or_insert(Alike {
            count: 0,
            shortest: step,
        });
        alike.count += 1;
        alike.shortest = alike.shortest.min(step);
    }

    /// Returns the median step, the shorter one of the two in the middle; `None` if there is no
    /// step. It is exact if the steps about the median are equal, and otherwise too short by
    /// less than a 128th.
    pub(crate) fn median(&self) -> Option<Duration> {
        self.median_micros().map(Duration::from_micros)
    }

    fn median_micros(&self) -> Option<u64> {
        let mut left = self.count.checked_sub(1)? / 2;
        for alike in self.alike.values() {
            if left < alike.count {
                return Some(alike.shortest);
            }
            left -= alike.count;
        }
        None
    }

    /// Returns the longest step that is no gap; `None` if there is no step.
    pub(crate) fn limit(&self) -> Option<Limit> {
        let median = self.median_micros()?;
        Some(Limit(median.saturating_add(median / 2)))
    }

    /// Returns the limit if there is a gap, which a second walk then finds.
    pub(crate) fn limit_of_gaps(&self) -> Option<Limit> {
        self.limit().filter(|limit| self.longest > limit.0)
    }
}

impl Limit {
    /// Returns `true` if the step between two rows that follow each other is a gap.
    pub(crate) fn is_gap(self, from: Timestamp, to: Timestamp) -> bool {
        micros(from, to) > self.0
    }
}

impl Gap {
    /// Returns how long the gap is.
    pub(crate) fn length(&self) -> Duration {
        Duration::from_micros(micros(self.from, self.to))
    }
}

impl Gaps {
    /// Returns the beginning of a walk that counts all gaps, and keeps so many of them.
    pub(crate) fn new(limit: Limit, keep: usize) -> Self {
        Self {
            limit,
            last: None,
            keep,
            count: 0,
            longest: Vec::new(),
        }
    }

    /// Adds the next row. Returns the gap that lies before it.
    pub(crate) fn push(&mut self, ts: Timestamp) -> Option<Gap> {
        let from = self.last.replace(ts)?;
        if !self.limit.is_gap(from, ts) {
            return None;
        }
        let gap = Gap { from, to: ts };
        self.count += 1;
        let length = gap.length();
        let place = self
            .longest
            .partition_point(|other| other.length() >= length);
        if place < self.keep {
            self.longest.truncate(self.keep - 1);
            self.longest.insert(place, gap);
        }
        Some(gap)
    }
}

/// Returns the microseconds from one instant to a later one.
fn micros(from: Timestamp, to: Timestamp) -> u64 {
    let (from, to) = (from.as_micros(), to.as_micros());
    if to > from { to.abs_diff(from) } else { 0 }
}

/// Returns the number with all bits cleared but the highest and the [`BITS`] after it.
fn leading(number: u64) -> u64 {
    let bits = u64::BITS - number.leading_zeros();
    let cleared = bits.saturating_sub(1 + BITS);
    number >> cleared << cleared
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// Returns the limit of rows at these seconds, and their gaps as pairs of seconds.
    fn found(seconds: &[i64], keep: usize) -> (Option<Duration>, u64, Vec<(i64, i64)>) {
        let rows = seconds
            .iter()
            .map(|second| Timestamp::from_micros(second * SECOND));
        let mut steps = Steps::default();
        rows.clone().for_each(|ts| steps.push(ts));
        let Some(limit) = steps.limit_of_gaps() else {
            return (steps.median(), 0, Vec::new());
        };
        let mut gaps = Gaps::new(limit, keep);
        let all = rows.filter_map(|ts| gaps.push(ts)).count();
        assert_eq!(all as u64, gaps.count);
        let second = |ts: Timestamp| ts.as_micros() / SECOND;
        let longest = gaps
            .longest
            .iter()
            .map(|gap| (second(gap.from), second(gap.to)));
        (steps.median(), gaps.count, longest.collect())
    }

    #[test]
    fn a_gap_is_longer_than_one_and_a_half_median_steps() {
        let minute = Some(Duration::from_secs(60));
        assert_eq!(found(&[0, 60, 120, 210], 9), (minute, 0, vec![]));
        assert_eq!(found(&[0, 60, 120, 211], 9), (minute, 1, vec![(120, 211)]));
        assert_eq!(found(&[], 9), (None, 0, vec![]));
        assert_eq!(found(&[5], 9), (None, 0, vec![]));
        assert_eq!(found(&[5, 5], 9), (None, 0, vec![]), "no step");
        // A single step is the median.
        assert_eq!(found(&[0, 1_000_000], 9).1, 0);
    }

    #[test]
    fn the_longest_are_kept_and_all_are_counted() {
        let mut seconds: Vec<i64> = (0..100).collect();
        seconds.extend([200, 201, 300, 301, 302, 302, 1_000, 1_001]);
        let (median, count, longest) = found(&seconds, 2);
        assert_eq!(median, Some(Duration::from_secs(1)));
        assert_eq!((count, longest), (3, vec![(302, 1_000), (99, 200)]));
        assert_eq!(found(&seconds, 0).1, 3);
    }

    #[test]
    fn the_median_of_any_steps_is_nearly_exact() {
        let mut random = 88_172_645_463_325_252_u64;
        for spread in [10, 1 << 20, 1 << 40] {
            let mut steps = Steps::default();
            let mut exact = Vec::new();
            let mut ts = -(1 << 60);
            for _ in 0..1_001 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                steps.push(Timestamp::from_micros(ts));
                let step = 1 + (random % spread) as i64;
                exact.push(step as u64);
                ts += step;
            }
            steps.push(Timestamp::from_micros(ts));
            exact.sort_unstable();
            let (median, exact) = (steps.median_micros().unwrap_or(0), exact[500]);
            assert!(
                median <= exact && exact - median <= exact / 128,
                "{median} {exact}"
            );
        }
        let mut widest = Steps::default();
        widest.push(Timestamp::MIN);
        widest.push(Timestamp::MAX);
        assert_eq!(widest.limit(), Some(Limit(u64::MAX)));
    }
}
