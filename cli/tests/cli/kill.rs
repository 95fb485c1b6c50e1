//! Commands that write files, killed at moments by chance: a file has its name once it is whole.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Folder, create};
use diesel::connection::SimpleConnection;

/// Returns a store that the commands read for a while.
fn with_rows() -> Folder {
    let folder = Folder::with_bitcoin();
    let streams = (0..4).map(|stream| {
        let row = "i * 60, abs(random() % 1000), 'h', 'p'";
        create(&format!("s{stream}"), 300, row)
    });
    let streams: String = streams.collect();
    folder.sqlite().batch_execute(&streams).unwrap();
    folder
}

/// Kills the command at moments spread over as long as it runs, so many times. Returns how many
/// of them had not ended by themselves, and how many left a file of this name that `is_whole`
/// refuses.
fn killed(
    folder: &Folder,
    args: &[&str],
    file: &str,
    prints: bool,
    times: u32,
    is_whole: impl Fn(&[u8]) -> bool,
) -> (u32, u32) {
    let path = folder.path(file);
    let spawn = || {
        let out = match prints {
            true => fs::File::create(&path).unwrap().into(),
            false => Stdio::null(),
        };
        folder
            .command(args)
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let begun = Instant::now();
    assert!(spawn().wait().unwrap().success());
    let whole = begun.elapsed();
    assert!(is_whole(&fs::read(&path).unwrap()));
    let (mut ended, mut cut) = (0, 0);
    for time in 0..times {
        let _ = fs::remove_file(&path);
        let mut child = spawn();
        // The last of them come when the file gets its name, or after it.
        std::thread::sleep(whole.saturating_mul(time + 1) / times + by_chance(time));
        child.kill().unwrap();
        ended += u32::from(child.wait().unwrap().code().is_none());
        let content = fs::read(&path);
        cut += u32::from(content.is_ok_and(|content| !is_whole(&content)));
    }
    (ended, cut)
}

/// Returns up to a millisecond.
fn by_chance(seed: u32) -> Duration {
    Duration::from_micros(u64::from(seed.wrapping_mul(2_654_435_761) % 1_000))
}

fn is_page(content: &[u8]) -> bool {
    content.starts_with(b"<!DOCTYPE html>") && content.ends_with(b"</html>\n")
}

#[test]
fn a_page_or_a_picture_is_whole_or_is_not_there() {
    let folder = with_rows();
    let report = ["report", "engine.db", "-o", "report.html"];
    let (ended, cut) = killed(&folder, &report, "report.html", false, 15, is_page);
    assert!(ended > 3 && cut == 0, "{ended} ended, {cut} cut");

    let plot = [
        "plot",
        "engine.db",
        "bitcoin",
        "s0",
        "s1",
        "--width",
        "400",
        "-o",
    ];
    let is_svg = |content: &[u8]| content.ends_with(b"</svg>\n");
    let svg = [&plot[..], &["s.svg"]].concat();
    let (ended, cut) = killed(&folder, &svg, "s.svg", false, 15, is_svg);
    assert!(ended > 3 && cut == 0, "{ended} ended, {cut} cut");
    let is_png = |content: &[u8]| tiny_skia::Pixmap::decode_png(content).is_ok();
    let png = [&plot[..], &["s.png"]].concat();
    let (ended, cut) = killed(&folder, &png, "s.png", false, 15, is_png);
    assert!(ended > 3 && cut == 0, "{ended} ended, {cut} cut");

    // Nothing is left but hidden files, which are named in the help.
    for name in fs::read_dir(folder.path("")).unwrap() {
        let name = name.unwrap().file_name().into_string().unwrap();
        let is_known = ["engine.db", "report.html", "s.svg", "s.png"].contains(&name.as_str());
        assert!(
            is_known
                || name.starts_with(".satori-store.partial-")
                || name.starts_with("engine.db-"),
            "{name}"
        );
    }
}

#[test]
fn a_file_that_is_written_under_its_own_name_is_cut() {
    let folder = with_rows();
    // What a shell's `>` does.
    let print = ["observations", "engine.db", "s1", "--format", "json"];
    let is_whole = |content: &[u8]| content.ends_with(b"]\n");
    let (ended, cut) = killed(&folder, &print, "rows.json", true, 20, is_whole);
    assert!(ended > 0 && cut > 0, "{ended} ended, {cut} cut");
}
