//! `plot`: what is in its pictures.

use crate::common::{BITCOIN, Folder, create, feed};
use crate::pictures::{Drawn, at, hourly};
use diesel::connection::SimpleConnection;

/// A day and a half of rows, an hour apart; between the 12th and the 30th hour there are none.
const HOURS: [std::ops::RangeInclusive<i64>; 2] = [0..=12, 30..=36];

/// Returns a store with stream `s` as [`HOURS`] has it, whose last three rows another provider
/// delivers. The value is ten times the hour.
fn with_gap() -> Folder {
    let folder = Folder::new();
    let hours: Vec<_> = HOURS.into_iter().flatten().collect();
    let (central, p2p) = hours.split_at(hours.len() - 3);
    hourly(&folder, "s", "the <name> & more", central, "central");
    hourly(&folder, "s", "the <name> & more", p2p, "p2p");
    folder
}

#[test]
fn an_svg_has_each_row_where_its_axes_say() {
    let folder = with_gap();
    let ran = folder.run(&["plot", "engine.db", "s", "-o", "s.svg"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("drawn into s.svg: "), "{ran:?}");
    let drawn = Drawn::read(&folder.path("s.svg"));

    let lines = |class: &str| -> Vec<Vec<(i64, i64)>> {
        let lines = drawn.lines(class).into_iter();
        lines
            .map(|line| line.iter().map(|&place| drawn.row(place)).collect())
            .collect()
    };
    let rows = |hours: std::ops::RangeInclusive<i64>| -> Vec<(i64, i64)> {
        hours.map(|hour| (hour, 10 * hour)).collect()
    };
    // A line from row to row, none across the gap; the row at the turn belongs to both.
    assert_eq!(lines("s0"), [rows(0..=12), rows(30..=33)]);
    assert_eq!(lines("s1"), [rows(33..=36)]);
    let dots = drawn.dots().into_iter().filter(|(_, place)| place.1 > 20.0);
    let dots: Vec<_> = dots
        .map(|(class, place)| (class, drawn.row(place)))
        .collect();
    let expected = rows(0..=12)
        .into_iter()
        .chain(rows(30..=33))
        .map(|row| ("s0".to_owned(), row));
    let expected = expected.chain(rows(34..=36).into_iter().map(|row| ("s1".to_owned(), row)));
    assert_eq!(dots, expected.collect::<Vec<_>>());
    let gaps = drawn.areas("gap");
    assert_eq!(gaps.len(), 1);
    let hours: Vec<_> = gaps[0].iter().map(|&place| drawn.row(place).0).collect();
    assert_eq!(hours, [12, 30, 30, 12]);

    let texts = drawn.texts();
    for text in [
        "the <name> & more",
        "central",
        "p2p",
        "0",
        "100",
        "300",
        "06:00",
        "2024-01-04",
        "2024-01-03 00:00 to 2024-01-04 12:00 UTC",
    ] {
        assert!(
            texts.iter().any(|(found, _)| found == text),
            "{text}: {texts:?}"
        );
    }
    // The dots of the legend stand beside the providers' names.
    for (class, name) in [("s0", "central"), ("s1", "p2p")] {
        let (_, name) = texts.iter().find(|(text, _)| text == name).unwrap();
        let beside = |(of, place): &(String, (f64, f64))| {
            of == class && (place.1 + 4.0 - name.1).abs() < 0.2 && place.0 < name.0
        };
        assert!(drawn.dots().iter().any(beside));
    }
}

#[test]
fn a_png_has_the_pixels_of_the_svg() {
    let folder = with_gap();
    for file in ["s.svg", "s.png"] {
        assert_eq!(folder.run(&["plot", "engine.db", "s", "-o", file]).code, 0);
    }
    let drawn = Drawn::read(&folder.path("s.svg"));
    let png = tiny_skia::Pixmap::load_png(folder.path("s.png")).unwrap();
    assert_eq!((png.width(), png.height()), (960, 346));
    let color = |(x, y): (f64, f64)| {
        let pixel = png.pixel(x as u32, y as u32).unwrap();
        [pixel.red(), pixel.green(), pixel.blue()]
    };
    for (class, blue) in [("s0", true), ("s1", false)] {
        for (x, y) in drawn.lines(class).concat() {
            // The middle of the dot, which lies above what was drawn before.
            let [red, _, found] = color((x, y));
            let is_first = drawn.row((x, y)).0 == 33;
            assert!((found > red) == blue || is_first, "{class} at {x} {y}");
        }
    }
    let paper = [255; 3];
    let gap = drawn.areas("gap")[0].clone();
    let (from, to) = (gap[0].0, gap[1].0);
    let middle = (f64::midpoint(from, to) + 3.0, gap[0].1 + 7.0);
    assert_ne!(color(middle), paper, "the gap is grey");
    assert_eq!(
        color((from - 20.0, gap[0].1 + 7.0)),
        paper,
        "beside it, above the line"
    );
    // Each label has dark pixels, and between the labels there are none.
    let is_inked = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
        let dark = |x, y| color((f64::from(x), f64::from(y)))[1] < 160;
        x.into_iter().any(|x| y.clone().any(|y| dark(x, y)))
    };
    let left = drawn.left() as u32;
    for (label, (_, y)) in drawn.labels_of_values() {
        assert!(
            is_inked(0..left - 2, y as u32 - 10..y as u32 + 1),
            "{label}"
        );
        // Below the lowest stand those of the axis of time.
        let is_clear = label == "0" || !is_inked(0..left - 2, y as u32 + 6..y as u32 + 12);
        assert!(is_clear, "{label}");
    }
}

#[test]
fn a_terminal_has_dots_of_braille() {
    let folder = with_gap();
    let ran = folder.run(&["plot", "engine.db", "s", "--width", "50", "--height", "10"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let lines: Vec<Vec<char>> = ran.out.lines().map(|line| line.chars().collect()).collect();
    assert_eq!(ran.out.lines().next(), Some("the <name> & more"));
    assert!(lines.iter().all(|line| line.len() <= 50), "{}", ran.out);
    let drawing = &lines[1..11];
    let dots = |line: usize, column: usize| {
        let character = drawing[line].get(11 + column).copied().unwrap_or(' ');
        if character == ' ' {
            0
        } else {
            u32::from(character) - 0x2800
        }
    };
    // The drawing is 39 characters wide. The first row is the dot at the bottom on the left, the
    // last the dot at the top on the right.
    assert_ne!(dots(9, 0) & 0x40, 0, "{}", ran.out);
    assert_ne!(dots(0, 38) & 0x08, 0, "{}", ran.out);
    // The gap lies between the 12th and the 30th hour of 36.
    let is_blank = |column: usize| (0..10).all(|line| dots(line, column) == 0);
    let blank: Vec<_> = (0..39).filter(|&column| is_blank(column)).collect();
    assert_eq!(blank, (14..=31).collect::<Vec<_>>(), "{}", ran.out);
    // Labels, and the provider of each column.
    assert!(
        drawing
            .iter()
            .any(|line| line.starts_with(&"       200┤".chars().collect::<Vec<_>>()))
    );
    let strip = ran
        .out
        .lines()
        .find(|line| line.starts_with("  provider│"))
        .unwrap();
    assert!(
        strip.contains("a a") && strip.ends_with('b') && !strip.contains('*'),
        "{strip}"
    );
    for line in ["           a central", "           b p2p"] {
        assert!(ran.out.lines().any(|found| found == line), "{}", ran.out);
    }
    assert!(
        ran.out
            .ends_with("2024-01-03 00:00 to 2024-01-04 12:00 UTC\n")
    );
    assert!(!ran.out.contains('\u{1b}'));

    let colored = folder.run(&["plot", "engine.db", "s", "--color", "always"]);
    assert!(colored.out.contains("\u{1b}[36m") && colored.out.contains("\u{1b}[33m"));
    let widest = colored
        .out
        .lines()
        .map(|line| crate::pictures::plain(line).chars().count());
    assert!(widest.max().unwrap() <= 80);
}

#[test]
fn many_rows_are_a_band_from_the_least_to_the_greatest() {
    let folder = Folder::new();
    assert_eq!(folder.feed(&["ingest", "engine.db"], b"[]").code, 0);
    let row = "(i - 1) * 3600, CASE i - 1 WHEN 50000 THEN 1000 ELSE (i - 1) % 100 END, 'h', 'p'";
    let rows = create("s", 100_001, row);
    folder.sqlite().batch_execute(&rows).unwrap();
    let ran = folder.run(&["plot", "engine.db", "s", "-o", "s.svg", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["streams"][0]["rows"], 100_001);
    assert!(ran.json()["bytes"].as_u64().unwrap() < 100_000, "{ran:?}");
    let drawn = Drawn::read(&folder.path("s.svg"));
    let band = drawn.areas("s0");
    assert_eq!(band.len(), 1);
    let values = band[0].iter().map(|&place| drawn.value(place));
    let at_top: Vec<_> = values.clone().filter(|value| *value > 900.0).collect();
    assert_eq!(at_top.len(), 1, "the one row that stands out is seen");
    assert!(
        values
            .clone()
            .filter(|value| (value - 99.0).abs() < 3.0)
            .count()
            > 900
    );
    assert!(values.filter(|value| value.abs() < 3.0).count() > 900);
    let mean = drawn.lines("s0").concat();
    assert!(mean.iter().all(|&place| drawn.value(place) < 70.0));
    assert!(drawn.dots().is_empty() && drawn.areas("gap").is_empty());
}

#[test]
fn several_streams_lie_one_below_the_other() {
    let folder = with_gap();
    assert_eq!(
        folder
            .run(&["ingest", "engine.db", &feed("bitcoin.ndjson")])
            .code,
        0
    );
    let args = ["plot", "engine.db", "s", "bitcoin", BITCOIN, "--json"];
    let ran = folder.run(&[&args[..], &["-o", "both.svg", "--from=2024-01-01"]].concat());
    let report = ran.json();
    let streams = report["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 2, "the same stream once");
    assert_eq!(streams[0]["gaps"][0]["from"], at(12));
    assert_eq!(streams[0]["gaps"][0]["to"], at(30));
    assert_eq!(streams[0]["providers"][1]["provider"], "p2p");
    assert_eq!(streams[0]["providers"][1]["rows"], 3);
    assert_eq!(
        (&streams[1]["name"], &streams[1]["rows"]),
        (&"bitcoin".into(), &12.into())
    );
    assert_eq!(report["from"], "2024-01-01T00:00:00Z");
    let svg = std::fs::read_to_string(folder.path("both.svg")).unwrap();
    let (first, second) = (svg.find("the &lt;name&gt;"), svg.rfind("bitcoin"));
    assert!(first < second && svg.contains("height=\"446\""));

    // The end of a range is not in it.
    let range = ["--from", "2024-01-03", "--to", "2024-01-03T04:00"];
    let ran = folder.run(&[&["plot", "engine.db", "s", "--json"], &range[..]].concat());
    assert_eq!(ran.json()["streams"][0]["rows"], 4);
    assert_eq!(ran.json()["file"], serde_json::Value::Null);
    // What a gap is depends on the whole stream, not on the two rows that are seen.
    let range = ["--from", "2024-01-03T12:00", "--to", "2024-01-04T06:01"];
    let ran = folder.run(&[&["plot", "engine.db", "s", "--json"], &range[..]].concat());
    assert_eq!(
        ran.json()["streams"][0]["gaps"][0]["from"],
        at(12),
        "{ran:?}"
    );
    let ran = folder.run(&["plot", "engine.db", "s", "--to", "1999-01-01"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "the <name> & more\n  no rows in this range\n")
    );
}

#[test]
fn what_is_wrong_is_refused_and_nothing_is_written() {
    let folder = with_gap();
    folder.write("there.svg", "mine");
    let plot = |more: &[&str]| folder.run(&[&["plot", "engine.db"], more].concat());
    let ran = plot(&["s", "-o", "there.svg"]);
    assert_eq!(ran.code, 8);
    assert!(ran.err.contains("there.svg already exists"), "{ran:?}");
    assert_eq!(
        std::fs::read_to_string(folder.path("there.svg")).unwrap(),
        "mine"
    );
    assert_eq!(plot(&["s", "-o", "there.svg", "--force"]).code, 0);
    Drawn::read(&folder.path("there.svg"));
    assert_eq!(plot(&["s", "-o", "s.gif"]).code, 2);
    assert_eq!(plot(&["s", "--width", "3"]).code, 2);
    assert_eq!(plot(&[]).code, 2);
    assert_eq!(plot(&["nothing"]).code, 3);
    assert_eq!(plot(&["s", "-o", "nowhere/s.svg"]).code, 8);
    let ran = plot(&[
        "s", "-o", "s.png", "--width", "8000", "--height", "4000", "--json",
    ]);
    assert_eq!(
        (ran.code, ran.error()["kind"].as_str()),
        (8, Some("cannot_write")),
        "{ran:?}"
    );
    std::fs::rename(folder.path("engine.db"), folder.path("engine.svg")).unwrap();
    let ran = folder.run(&["plot", "engine.svg", "s", "-o", "engine.svg", "--force"]);
    assert!(
        ran.code == 8 && ran.err.contains("it is the store itself"),
        "{ran:?}"
    );
    let mut left: Vec<_> = std::fs::read_dir(folder.path(""))
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    left.retain(|name| !name.to_string_lossy().starts_with("engine"));
    assert_eq!(left, ["there.svg"]);
}

#[test]
fn rows_that_cannot_be_read_are_left_out_if_asked_for() {
    let folder = with_gap();
    let none = "INSERT INTO s VALUES ('None', 1, 'h', 'p')";
    folder.sqlite().batch_execute(none).unwrap();
    let ran = folder.run(&["plot", "engine.db", "s"]);
    assert_eq!((ran.code, ran.out.as_str()), (6, ""), "{ran:?}");
    let ran = folder.run(&["plot", "engine.db", "s", "--skip-unreadable", "--json"]);
    assert_eq!(ran.json()["streams"][0]["rows"], 20);
}

#[test]
fn pictures_are_those_that_were_looked_at() {
    let folder = with_gap();
    let hours: Vec<_> = (0..=36).collect();
    hourly(&folder, "t", "no gap", &hours, "central");
    for (file, size) in [("s.svg", "600"), ("s.png", "600"), ("s.txt", "72")] {
        let mut args = vec!["plot", "engine.db", "s", "t", "--width", size];
        if file != "s.txt" {
            args.extend(["-o", file]);
        }
        let ran = folder.run(&args);
        assert_eq!(ran.code, 0, "{ran:?}");
        if file == "s.txt" {
            folder.write(file, &ran.out);
        }
        crate::pictures::compare(&folder.path(file), file);
    }
}
