//! Scales: where a value lies, and round values to label an axis with.

/// A range of values that is not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    least: f64,
    greatest: f64,
}

/// A labelled place on an axis, from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) part: f64,
    pub(crate) label: String,
}

impl Scale {
    /// Returns the scale of these values; of a single one, with room around it.
    pub(crate) fn new(least: f64, greatest: f64) -> Self {
        if least < greatest {
            return Self { least, greatest };
        }
        let room = match least.abs() {
            0.0 => 1.0,
            magnitude => magnitude * 0.1,
        };
        Self {
            least: (least - room).max(f64::MIN),
            greatest: (least + room).min(f64::MAX),
        }
    }

    /// Returns how far into the range the value lies, from 0 to 1.
    pub(crate) fn part(self, value: f64) -> f64 {
        // Halves, since the width of the widest range is no number.
        let width = self.greatest / 2.0 - self.least / 2.0;
        (value / 2.0 - self.least / 2.0) / width
    }

    /// Returns round values in the range, `about` as many, least first.
    pub(crate) fn ticks(self, about: usize) -> Vec<Tick> {
        let width = self.greatest / 2.0 - self.least / 2.0;
        let step = round_up(width / about.max(2) as f64 * 2.0);
        if !step.is_normal() {
            return Vec::new();
        }
        let first = (self.least / step).ceil();
        let values = (0..=4 * about.max(2)).map(|number| (first + number as f64) * step);
        let values = values.take_while(|&value| value <= self.greatest);
        let values: Vec<f64> = values.filter(|&value| value >= self.least).collect();
        let greatest = self.least.abs().max(self.greatest.abs());
        let mut ticks: Vec<_> = values
            .into_iter()
            .map(|value| Tick {
                part: self.part(value),
                label: label(value, step, greatest),
            })
            .collect();
        // Values whose numbers have no more digits than these can't be told apart.
        ticks.dedup_by(|a, b| a.label == b.label);
        ticks
    }
}

/// Returns the least of 1, 2 and 5 times a power of ten that is as great.
fn round_up(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter();
    let mut round = times.map(|times| times * power);
    // Of 5.000…1 as a sum of fractions 5 is meant.
    round
        .find(|round| *round >= step * (1.0 - 1e-9))
        .unwrap_or(step)
}

/// Returns the value with as many digits as the step needs.
fn label(value: f64, step: f64, greatest: f64) -> String {
    let power = |number: f64| number.log10().floor() as i32;
    // What is no more than a rounding off 0 is 0.
    let value = if value.abs() < step / 2.0 { 0.0 } else { value };
    let digits = |from: i32| usize::try_from(from - power(step * 1.000_000_1)).unwrap_or(0);
    if greatest < 1e7 && step >= 1e-5 {
        return format!("{value:.*}", digits(0));
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    format!("{value:.*e}", digits(power(value.abs())).min(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(least: f64, greatest: f64, about: usize) -> Vec<String> {
        let ticks = Scale::new(least, greatest).ticks(about);
        assert!(
            ticks
                .iter()
                .all(|tick| (-1e-9..=1.0 + 1e-9).contains(&tick.part))
        );
        assert!(ticks.is_sorted_by(|a, b| a.part < b.part));
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.0, 100.0, 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(-1.0, 1.0, 4), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(4.3, 96_400.0, 4), ["50000"]);
        assert_eq!(labels(1.0921, 1.0934, 3), ["1.0925", "1.0930"]);
        assert_eq!(labels(0.0, 3e9, 3), ["0", "1e9", "2e9", "3e9"]);
        assert_eq!(labels(1e-9, 4e-9, 3), ["1e-9", "2e-9", "3e-9", "4e-9"]);
    }

    #[test]
    fn the_widest_and_the_narrowest_range_have_ticks_or_none() {
        assert_eq!(labels(42.0, 42.0, 3), ["40", "45"]);
        assert_eq!(labels(0.0, 0.0, 2), ["-1", "0", "1"]);
        assert!(labels(f64::MIN, f64::MAX, 4).len() > 2);
        assert!(labels(f64::MAX, f64::MAX, 4).len() < 9);
        let _ = labels(0.0, f64::from_bits(1), 4);
        let _ = labels(1.0, 1.0_f64.next_up(), 4);
        let _ = labels(1e15, 1e15_f64.next_up(), 4);
    }

    #[test]
    fn parts_reach_from_0_to_1() {
        for (least, greatest) in [(0.0, 1.0), (f64::MIN, f64::MAX), (-5.0, 1e300)] {
            let scale = Scale::new(least, greatest);
            assert_eq!((scale.part(least), scale.part(greatest)), (0.0, 1.0));
        }
    }
}
