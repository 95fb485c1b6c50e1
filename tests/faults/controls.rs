//! What the harness must find: a disk that doesn't sync, and one that loses a write.

use fastrand::Rng;

use crate::cuts::Cuts;
use crate::disk::{Event, Left};
use crate::scripts::Script;
use crate::soak::{memory, none_starts};
use crate::support::figure;
use crate::work;

fn script() -> Script {
    let works: [work::Work; 4] = [
        work::insert_hashed,
        work::insert_many,
        work::upsert,
        work::ingest,
    ];
    Script::new("control", work::store, &works)
}

#[test]
fn control_without_syncs_most_images_are_bad() {
    let _quiet = none_starts();
    let mut random = Rng::new();
    for (syncs, wanted) in [(true, 200), (false, 200)] {
        let folder = memory();
        let script = script();
        let mut cuts = Cuts::new(&script, folder.path(), syncs);
        let tally = cuts.look(wanted, &mut random, |_, _| {});
        match syncs {
            true => assert_eq!(tally.bad, 0),
            false => {
                let images = "control: images of a disk that doesn't sync";
                figure("cuts", images, tally.images);
                figure("cuts", "control: bad ones of these", tally.bad);
                assert!(tally.bad * 2 > tally.images, "{tally:?}");
            }
        }
    }
}

#[test]
fn control_each_write_that_the_disk_loses_is_found() {
    let _quiet = none_starts();
    let mut random = Rng::new();
    let folder = memory();
    let script = script();
    let cuts = Cuts::new(&script, folder.path(), true);
    let closed = cuts.log.events.iter();
    let ends: Vec<_> = closed
        .zip(0..)
        .filter(|(event, _)| matches!(event, Event::Done(_)))
        .map(|(_, at)| at + 1)
        .collect();
    let end = ends[ends.len() - 2];
    let (whole, _) = cuts.log.cut(end, Left::All, &mut random);
    cuts.check(&whole, end, &mut random).unwrap();
    let (mut planted, mut found) = (0, 0);
    for lost in 0..end {
        let mut log = cuts.log.clone();
        if !matches!(log.events.remove(lost), Event::Write { .. }) {
            continue;
        }
        let (image, _) = log.cut(end - 1, Left::All, &mut random);
        if image != whole {
            planted += 1;
            match cuts.check(&image, end, &mut random) {
                Err(_) => found += 1,
                Ok(_) => println!("{lost} of {end} is not missed"),
            }
        }
    }
    figure("cuts", "control: writes that the disk loses", planted);
    figure("cuts", "control: found of these", found);
    assert!(planted > 50);
    assert_eq!(found, planted);
}
