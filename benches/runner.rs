//! Measures our side and the raw side in turns, and prints how they compare.
//!
//! Not criterion or divan: those measure one function after the other, so that
//! on a machine with neighbours the two sides meet different conditions. A
//! quotient of two runs then says as much about the neighbours as about the code.
//! Here each round runs every side once, in an order that turns round. The ratio
//! is the median of the rounds' own ratios.

use std::time::{Duration, Instant};

/// Rounds of a full run.
const ROUNDS: usize = 9;
/// Rounds of a quick run.
const QUICK_ROUNDS: usize = 3;

/// One side of a comparison: prepares, works, and returns how long the work took.
type Side<'a> = Box<dyn FnMut() -> Duration + 'a>;

/// What our side is compared with.
pub(crate) struct Baseline<'a> {
    /// Says what it is; empty if it is the same work through SQLite's C API.
    label: &'a str,
    side: Side<'a>,
    /// The least ratio that is good enough.
    target: Option<f64>,
}

impl<'a> Baseline<'a> {
    pub(crate) fn new(target: impl Into<Option<f64>>, side: impl FnMut() -> Duration + 'a) -> Self {
        Self {
            label: "",
            side: Box::new(side),
            target: target.into(),
        }
    }

    pub(crate) fn label(self, label: &'a str) -> Self {
        Self { label, ..self }
    }
}

pub(crate) struct Runner {
    filter: Vec<String>,
    pub(crate) quick: bool,
}

impl Runner {
    /// Reads the arguments: `--quick`, and words. A workload runs if its name
    /// contains one of the words, or if there are none. Cargo adds `--bench`.
    pub(crate) fn new(args: impl Iterator<Item = String>) -> Self {
        let mut runner = Self {
            filter: Vec::new(),
            quick: false,
        };
        for arg in args {
            match arg.as_str() {
                "--quick" => runner.quick = true,
                "--bench" => {}
                option if option.starts_with('-') => panic!("no such option: {option}"),
                _ => runner.filter.push(arg),
            }
        }
        println!("| workload | ours | raw | ratio | target | met |");
        println!("|---|---:|---:|---:|---:|---|");
        runner
    }

    /// Returns `true` if the workload of this name is to run.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|word| name.contains(word))
    }

    /// Returns `full`, or `quick` in a quick run.
    pub(crate) fn size(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Returns how many rounds each workload runs.
    pub(crate) fn rounds(&self) -> usize {
        self.size(ROUNDS, QUICK_ROUNDS)
    }

    /// Compares `ours` with each of the baselines, and prints a row for each. In a
    /// round each side does `count` things.
    pub(crate) fn compare<'a>(
        &self,
        name: &str,
        count: usize,
        ours: impl FnMut() -> Duration + 'a,
        baselines: impl IntoIterator<Item = Baseline<'a>>,
    ) {
        let mut baselines: Vec<_> = baselines.into_iter().collect();
        let mut sides: Vec<Side<'_>> = vec![Box::new(ours)];
        for baseline in &mut baselines {
            sides.push(Box::new(&mut baseline.side));
        }
        // Files, caches and branch predictors warm up.
        for side in &mut sides {
            side();
        }
        let mut rates = vec![Vec::new(); sides.len()];
        for round in 0..self.rounds() {
            for turn in 0..sides.len() {
                let side = (round + turn) % sides.len();
                let seconds = sides[side]().as_secs_f64();
                rates[side].push(count as f64 / seconds);
            }
        }
        drop(sides);
        let (ours, others) = rates.split_first().expect("our side comes first");
        for (baseline, rates) in baselines.iter().zip(others) {
            let ratio = median(ours.iter().zip(rates).map(|(ours, raw)| ours / raw));
            let name = match baseline.label {
                "" => name.to_owned(),
                label => format!("{name}; raw: {label}"),
            };
            let (ours, raw_rate) = (median(ours.iter().copied()), median(rates.iter().copied()));
            row(
                &name,
                &rate(ours),
                &rate(raw_rate),
                &format!("{ratio:.2}"),
                &baseline
                    .target
                    .map_or("–".into(), |target| format!("≥ {target:.2}")),
                baseline.target.map(|target| ratio >= target),
            );
        }
    }
}

/// Prints one row of the table.
pub(crate) fn row(
    name: &str,
    ours: &str,
    raw: &str,
    ratio: &str,
    target: &str,
    is_met: Option<bool>,
) {
    let met = match is_met {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => "",
    };
    println!("| {name} | {ours} | {raw} | {ratio} | {target} | {met} |");
}

/// Returns how long `work` takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

/// Returns the middle one of the values, or the greater of the two in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Spells a rate as the table shows it.
fn rate(per_second: f64) -> String {
    if per_second >= 1e6 {
        format!("{:.2} M/s", per_second / 1e6)
    } else if per_second >= 1e3 {
        format!("{:.1} k/s", per_second / 1e3)
    } else {
        format!("{per_second:.0}/s")
    }
}
