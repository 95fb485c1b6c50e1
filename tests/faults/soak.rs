//! How many faults and cuts are tried, in how many processes, and what is kept of those that
//! the store doesn't stand.

use std::collections::HashMap;
use std::env;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tempfile::TempDir;

use crate::cuts::{Cuts, Tally};
use crate::disk::{self, Image};
use crate::fault::{Fault, Span};
use crate::points::{Outcome, Points};
use crate::scripts::{self, Kind, Script};
use crate::state;
use crate::support::{Player, Role, figure, say, soak};
use crate::work;

pub(crate) const ROLES: &[Role] = &[("fail calls", fail_calls), ("cut power", cut_power)];

/// Of how many fault points one is tried when the tests are not to be long.
const SHORT: usize = 12;
/// Of how many faults that last one is tried. Those of a single call are all tried.
const LASTING: usize = 4;
/// How many images are looked at.
const IMAGES: usize = 21_000;
/// How many images of 40 MB are looked at.
const LARGE: usize = 48;
/// How many bad ones each process keeps.
const KEPT: usize = 10;

/// Held for writing while processes are started. Until such a process runs its own program it
/// has copies of this one's descriptors, and with them the locks of stores that are closed
/// meanwhile.
static STARTING: RwLock<()> = RwLock::new(());

/// Lets no process be started until what it returns is dropped.
pub(crate) fn none_starts() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

/// What one of several processes does.
struct Share {
    index: usize,
    of: usize,
    seed: u64,
    /// When scripts by chance end; `None` if there are none.
    until: Option<Instant>,
    kept: usize,
}

impl Share {
    fn of(argument: &str) -> Self {
        let numbers: Vec<u64> = argument
            .split(' ')
            .map(|number| number.parse().expect("a number"))
            .collect();
        state::note_connections();
        Self {
            index: numbers[0] as usize,
            of: numbers[1] as usize,
            seed: numbers[2],
            until: number("SATORI_STORE_FAULT_SECONDS")
                .map(|seconds| Instant::now() + Duration::from_secs(seconds)),
            kept: 0,
        }
    }

    fn random(&self) -> Rng {
        Rng::with_seed(
            self.seed
                .wrapping_mul(1_000)
                .wrapping_add(self.index as u64),
        )
    }

    fn has_time(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    /// Keeps the files of what went wrong, and prints where they are.
    fn keep(&mut self, folder: &Path, image: &Image, wrong: &str) {
        self.kept += 1;
        if self.kept > KEPT {
            return;
        }
        let kept = folder.with_extension(format!("kept-{}", self.kept));
        std::fs::create_dir(&kept).expect("room");
        disk::lay_out(image, &kept);
        eprintln!("seed {}, files in {kept:?}: {wrong}", self.seed);
    }
}

fn number(variable: &str) -> Option<u64> {
    let number = env::var(variable).ok()?;
    Some(number.parse().expect("a number"))
}

/// Fails each call of each script, the share of this process.
fn fail_calls(folder: &Path, argument: &str) {
    let mut share = Share::of(argument);
    let mut random = share.random();
    let folder = folder.join(format!("fail-{}", share.index));
    std::fs::create_dir(&folder).expect("a folder of the test's");
    let step = if soak() { share.of } else { share.of * SHORT };
    let mut outcomes = HashMap::new();
    for script in scripts::fault_scripts() {
        fail(&script, step, &folder, &mut share, &mut outcomes);
    }
    while share.has_time() {
        let script = scripts::random("by chance", &mut random);
        fail(&script, step * SHORT, &folder, &mut share, &mut outcomes);
    }
    let points: usize = outcomes.values().sum();
    say(format!("{points} {}", share.kept));
    say(format!("{outcomes:?}"));
}

fn fail(
    script: &Script,
    step: usize,
    folder: &Path,
    share: &mut Share,
    outcomes: &mut HashMap<Outcome, usize>,
) {
    disk::clear(folder);
    let points = Points::new(script, folder);
    let descriptors = descriptors();
    // Each run of the short tests has others.
    let first = share.index + share.seed as usize % step / share.of * share.of;
    let seed = share.seed as usize;
    let wanted =
        |fault: &&Fault| fault.span == Span::Once || (fault.number + seed).is_multiple_of(LASTING);
    for fault in points
        .faults
        .iter()
        .filter(wanted)
        .skip(first)
        .step_by(step)
    {
        match points.play(*fault) {
            Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
            Err(wrong) => {
                let image = disk::read(folder);
                share.keep(
                    folder,
                    &image,
                    &format!("{}, {fault:?}: {wrong}", script.name),
                );
            }
        }
    }
    let now = self::descriptors();
    if now != descriptors {
        let wrong = format!("{}: {descriptors} descriptors, then {now}", script.name);
        share.keep(folder, &Image::new(), &wrong);
    }
}

/// Counts the descriptors that this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// Cuts the power at moments of each script, the share of this process.
fn cut_power(folder: &Path, argument: &str) {
    let mut share = Share::of(argument);
    let mut random = share.random();
    let folder = folder.join(format!("cut-{}", share.index));
    std::fs::create_dir(&folder).expect("a folder of the test's");
    let images = if soak() { IMAGES } else { IMAGES / SHORT } / share.of;
    let mut tally = Tally::default();
    let scripts = scripts::cut_scripts();
    for script in &scripts {
        let wanted = images / scripts.len();
        let cuts = Cuts::new(script, &folder, true);
        tally += look(cuts, wanted, &mut share, &mut random);
    }
    if soak() {
        // The checkpoint that a store makes by itself, and the WAL begun anew.
        let works = [work::replace as work::Work; 46];
        let script = Script::new("its own checkpoint", work::store, &works);
        for script in [script.clone(), script.kind(Kind::Normal)] {
            let cuts = Cuts::new(&script, &folder, true).only_after_checkpoint();
            tally += look(cuts, LARGE / 2 / share.of, &mut share, &mut random);
        }
    }
    while share.has_time() {
        let by_chance = scripts::random("by chance", &mut random);
        let script = match random.u8(..4) {
            0 => scripts[random.usize(..scripts.len())].clone(),
            1 => by_chance.kind(Kind::Normal),
            _ => by_chance,
        };
        let cuts = Cuts::new(&script, &folder, true);
        tally += look(cuts, 1_000, &mut share, &mut random);
    }
    say(format!("{} {}", tally.images, tally.bad));
    say("");
}

fn look(mut cuts: Cuts<'_>, wanted: usize, share: &mut Share, random: &mut Rng) -> Tally {
    let folder = cuts.folder;
    cuts.look(wanted, random, |image, wrong| {
        share.keep(folder, image, &wrong)
    })
}

/// Returns a folder, in memory unless the environment names another place: on a disk, each
/// commit waits for it.
pub(crate) fn memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() && env::var_os("TMPDIR").is_none() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a folder")
}

/// Shares a role among as many processes as there are processors. Returns the sums of what
/// they count.
fn share_out(role: &str) -> (usize, usize) {
    let folder = memory();
    let of = std::thread::available_parallelism().map_or(1, usize::from);
    let seed = number("SATORI_STORE_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("{role}: seed {seed}, {of} processes");
    let started = Instant::now();
    let start = |index| Player::start(role, folder.path(), format!("{index} {of} {seed}"));
    let players: Vec<_> = {
        let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
        (0..of).map(start).collect()
    };
    let (mut all, mut bad) = (0, 0);
    for mut player in players {
        let counts = player.hear();
        let (tried, wrong) = counts.split_once(' ').expect("two numbers");
        all += tried.parse::<usize>().expect("a number");
        bad += wrong.parse::<usize>().expect("a number");
        println!("{counts} {}", player.hear());
        player.finish();
    }
    println!("{role}: {all}, {bad} bad, in {:.0?}", started.elapsed());
    if bad > 0 {
        let _ = folder.keep();
    }
    (all, bad)
}

#[test]
fn whichever_call_fails_nothing_is_lost_and_the_error_says_why() {
    let (points, bad) = share_out("fail calls");
    figure("faults", "calls that fail", points);
    figure("faults", "lost, or an error of the wrong kind", bad);
    assert_eq!(bad, 0, "of {points} fault points");
    assert!(points >= if soak() { 10_000 } else { 500 }, "only {points}");
}

#[test]
fn whenever_the_power_goes_what_was_acknowledged_is_there() {
    let (images, bad) = share_out("cut power");
    figure("cuts", "images of a power cut", images);
    figure("cuts", "bad ones", bad);
    assert_eq!(bad, 0, "of {images} images");
    assert!(
        images >= if soak() { 20_000 } else { 1_000 },
        "only {images}"
    );
}
