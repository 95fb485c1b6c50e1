//! A stream's rows, summed up in columns of a picture: as many numbers as the picture is wide,
//! however many rows there are.

use satori_store::Timestamp;

use crate::gaps::Limit;

/// A range of time with both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Span {
    /// Returns how far into the range the instant lies, from 0 to 1.
    pub(crate) fn part(self, ts: Timestamp) -> f64 {
        let micros = |ts: Timestamp| i128::from(ts.as_micros());
        let width = micros(self.to) - micros(self.from);
        match width {
            0 => 0.5,
            _ => (micros(ts) - micros(self.from)) as f64 / width as f64,
        }
    }

    /// Returns `true` if the instant lies in the range.
    pub(crate) fn contains(self, ts: Timestamp) -> bool {
        self.from <= ts && ts <= self.to
    }
}

/// A row as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) ts: Timestamp,
    pub(crate) value: f64,
}

/// The rows in one column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) first: Point,
    pub(crate) last: Point,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
    pub(crate) rows: u64,
    /// The stream's row before the first one, whose line comes from there.
    lead: Option<Point>,
}

impl Column {
    fn new(point: Point, lead: Option<Point>) -> Self {
        Self {
            first: point,
            last: point,
            min: point.value,
            max: point.value,
            mean: point.value,
            rows: 1,
            lead,
        }
    }

    fn push(&mut self, point: Point) {
        self.last = point;
        self.min = self.min.min(point.value);
        self.max = self.max.max(point.value);
        self.rows += 1;
        let rows = self.rows as f64;
        // Neither term overflows, whatever the values.
        self.mean = self.mean / rows * (rows - 1.0) + point.value / rows;
    }

    /// Returns the middle of its rows: where the mean is drawn, exact for a single row.
    pub(crate) fn middle(&self) -> Timestamp {
        let (first, last) = (self.first.ts.as_micros(), self.last.ts.as_micros());
        Timestamp::from_micros(first.midpoint(last))
    }
}

/// The columns of a series of rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    /// `None` if there are no columns.
    span: Option<Span>,
    columns: Vec<Option<Column>>,
}

/// Columns that a line connects.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    /// The row of another series that the line comes from.
    pub(crate) lead: Option<Point>,
    pub(crate) columns: Vec<&'a Column>,
}

impl Run<'_> {
    /// Returns the run's only row, if no line shows it.
    pub(crate) fn lone(&self) -> Option<Point> {
        match self.columns[..] {
            [column] if column.rows == 1 && self.lead.is_none() => Some(column.first),
            _ => None,
        }
    }
}

impl Columns {
    /// Returns so many empty columns for a range of time.
    pub(crate) fn new(span: Span, width: usize) -> Self {
        Self {
            span: Some(span),
            columns: vec![None; width.max(1)],
        }
    }

    /// Adds a row of the range, and the stream's row before it.
    pub(crate) fn push(&mut self, point: Point, lead: Option<Point>) {
        let part = self.span.map_or(0.0, |span| span.part(point.ts));
        let place = (part * self.columns.len() as f64) as usize;
        // The end of the range belongs to the last column.
        let last = self.columns.len().saturating_sub(1);
        match self.columns.get_mut(place.min(last)) {
            Some(Some(column)) => column.push(point),
            Some(column) => *column = Some(Column::new(point, lead)),
            None => {}
        }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.filled().map(|column| column.rows).sum()
    }

    /// Returns the columns that have rows.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().flatten()
    }

    /// Returns the least and the greatest value.
    pub(crate) fn values(&self) -> Option<(f64, f64)> {
        let values = self.filled().map(|column| (column.min, column.max));
        values.reduce(|(least, greatest), (min, max)| (least.min(min), greatest.max(max)))
    }

    /// Returns the gaps between columns. One within a column is narrower than a pixel.
    pub(crate) fn gaps(&self, limit: Option<Limit>) -> Vec<(Timestamp, Timestamp)> {
        let follow = self.filled().zip(self.filled().skip(1));
        let steps = follow.map(|(before, after)| (before.last.ts, after.first.ts));
        steps
            .filter(|&(from, to)| limit.is_some_and(|limit| limit.is_gap(from, to)))
            .collect()
    }

    /// Returns the columns in runs that a line connects. Between two rows of the stream that
    /// follow each other lies a line, if there is no gap; it belongs to the series of the later.
    pub(crate) fn runs(&self, limit: Option<Limit>) -> Vec<Run<'_>> {
        let mut runs: Vec<Run<'_>> = Vec::new();
        for column in self.filled() {
            let lead = column.lead.filter(|lead| {
                self.span.is_some_and(|span| span.contains(lead.ts))
                    && !limit.is_some_and(|limit| limit.is_gap(lead.ts, column.first.ts))
            });
            let before = runs.last_mut();
            let before = before.filter(|run| {
                let end = run.columns.last().map(|end| end.last);
                lead.is_some() && end == lead
            });
            match before {
                Some(run) => run.columns.push(column),
                None => runs.push(Run {
                    lead,
                    columns: vec![column],
                }),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaps::Steps;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn point(second: i64, value: f64) -> Point {
        Point {
            ts: at(second),
            value,
        }
    }

    #[test]
    fn rows_are_summed_up_where_they_lie() {
        let span = Span {
            from: at(0),
            to: at(100),
        };
        let mut columns = Columns::new(span, 10);
        for (second, value) in [(0, 1.0), (1, 5.0), (2, 3.0), (55, 7.0), (100, 9.0)] {
            columns.push(point(second, value), None);
        }
        let filled: Vec<_> = columns.filled().collect();
        assert_eq!(filled.len(), 3);
        let first = filled[0];
        assert_eq!((first.min, first.max, first.rows), (1.0, 5.0, 3));
        assert!((first.mean - 3.0).abs() < 1e-12);
        assert_eq!((first.first, first.last), (point(0, 1.0), point(2, 3.0)));
        assert_eq!(first.middle(), at(1));
        assert_eq!(
            filled[2].middle(),
            at(100),
            "the end belongs to the last column"
        );
        assert_eq!(columns.values(), Some((1.0, 9.0)));
    }

    #[test]
    fn the_widest_numbers_overflow_nothing() {
        let span = Span {
            from: Timestamp::MIN,
            to: Timestamp::MAX,
        };
        let mut columns = Columns::new(span, 3);
        for ts in [Timestamp::MIN, Timestamp::MIN, at(0), Timestamp::MAX] {
            columns.push(
                Point {
                    ts,
                    value: f64::MAX,
                },
                None,
            );
            columns.push(
                Point {
                    ts,
                    value: f64::MIN,
                },
                None,
            );
        }
        assert_eq!(columns.filled().count(), 3);
        assert!(columns.filled().all(|column| column.mean.is_finite()));
        assert!(
            columns
                .filled()
                .all(|column| column.middle() >= column.first.ts)
        );
    }

    #[test]
    fn a_line_ends_at_a_gap_and_comes_from_the_row_before() {
        let seconds = [0, 1, 2, 3, 4, 50, 51, 52];
        let mut steps = Steps::default();
        seconds.iter().for_each(|&second| steps.push(at(second)));
        let span = Span {
            from: at(0),
            to: at(52),
        };
        let (mut all, mut a, mut b) = (
            Columns::new(span, 53),
            Columns::new(span, 53),
            Columns::new(span, 53),
        );
        let mut lead = None;
        for second in seconds {
            let point = point(second, second as f64);
            all.push(point, lead);
            let series = if [2, 51].contains(&second) {
                &mut b
            } else {
                &mut a
            };
            series.push(point, lead);
            lead = Some(point);
        }
        let limit = steps.limit();
        assert_eq!(all.gaps(limit), [(at(4), at(50))]);
        let runs = |columns: &Columns| -> Vec<(Option<i64>, usize)> {
            let second = |point: Point| point.ts.as_micros() / 1_000_000;
            let runs = columns.runs(limit);
            runs.iter()
                .map(|run| (run.lead.map(second), run.columns.len()))
                .collect()
        };
        assert_eq!(runs(&all), [(None, 5), (None, 3)]);
        assert_eq!(
            runs(&a),
            [(None, 2), (Some(2), 2), (None, 1), (Some(51), 1)]
        );
        assert_eq!(runs(&b), [(Some(1), 1), (Some(50), 1)]);
        assert_eq!(a.runs(limit)[2].lone(), Some(point(50, 50.0)));
    }
}
