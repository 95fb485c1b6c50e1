//! `report`: the page about all streams.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{BITCOIN, Folder, create};
use crate::pictures::{browser, hourly};
use diesel::connection::SimpleConnection;

/// What a server may call a stream.
const NAME: &str =
    "<script>document.title='obeyed'</script><img src=x onerror=alert(1)>\"'&\u{202e}";

/// Returns a store with streams of all kinds.
fn with_streams() -> Folder {
    let folder = Folder::with("eleven_columns.db");
    let hours: Vec<_> = (0..=12).chain(30..=36).collect();
    hourly(&folder, "evil", NAME, &hours[..15], "central");
    hourly(&folder, "evil", NAME, &hours[15..], "<p2p>");
    folder
}

fn report(folder: &Folder, more: &[&str]) -> (i32, String) {
    let ran = folder.run(&[&["report", "engine.db", "-o", "report.html"], more].concat());
    let page = fs::read_to_string(folder.path("report.html")).unwrap_or_default();
    (ran.code, page)
}

/// Returns what stands between the tags of an article.
fn article(page: &str, uuid: &str) -> String {
    let articles = page.split("<article").skip(1);
    let of = format!("<p class=\"small uuid\">{uuid}</p>");
    let mut found = articles.filter(|article| article.contains(&of));
    found
        .next()
        .unwrap_or_else(|| panic!("{uuid}: {page}"))
        .to_owned()
}

/// Returns the text of a fact.
fn fact(article: &str, label: &str) -> String {
    let (_, rest) = article
        .split_once(&format!("<dt>{label}</dt><dd>"))
        .unwrap_or_else(|| panic!("{label}: {article}"));
    let (text, _) = rest.split_once("</dd>").unwrap();
    let mut plain = String::new();
    let mut in_tag = false;
    for character in text.chars() {
        match character {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => plain.push(character),
            _ => {}
        }
    }
    plain
}

#[test]
fn a_page_says_all_of_each_stream() {
    let folder = with_streams();
    let (code, page) = report(&folder, &[]);
    assert_eq!(code, 0);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</main></body></html>\n"));
    assert_eq!(page.matches("<article").count(), 8);
    assert_eq!(fact(&page, "streams"), "8");

    let bitcoin = article(&page, BITCOIN);
    assert!(bitcoin.contains("<h2>bitcoin</h2>"));
    for (label, text) in [
        ("rows", "156"),
        ("gaps", "0"),
        ("median step", "31d"),
        ("chain", "156 verified, 0 foreign, 0 suspect"),
        ("providers", "central 156"),
        ("author", "satori"),
    ] {
        assert_eq!(fact(&bitcoin, label), text);
    }
    let seen = fact(&bitcoin, "last seen");
    assert!(
        seen.starts_with("2024-12-31 00:00, ") && seen.ends_with("d ago"),
        "{seen}"
    );
    assert_eq!(bitcoin.matches("<svg").count(), 1);
    assert!(bitcoin.contains("<path class=\"line s0\" d=\"M"));
    assert!(bitcoin.contains("class=\"area s0\"") && !bitcoin.contains("area gap"));

    let evil = article(&page, "evil");
    assert_eq!(fact(&evil, "gaps"), "1: 18h from 2024-01-03 12:00");
    assert_eq!(fact(&evil, "providers"), "central 15, &lt;p2p&gt; 5");
    // In units of the picture: 36 hours are 720 wide.
    assert!(
        evil.contains("<path class=\"area gap\" d=\"M240 0l360 0l0 120l-360 0z\"/>"),
        "{evil}"
    );
    let (_, line) = evil.split_once("<path class=\"line s0\" d=\"").unwrap();
    let (line, _) = line.split_once('"').unwrap();
    assert_eq!(
        line.matches('M').count(),
        2,
        "a line on each side of the gap"
    );

    let (_, svg) = evil.split_once("<svg").unwrap();
    let (svg, _) = svg.split_once("</svg>").unwrap();
    folder.write("spark.svg", format!("<svg{svg}</svg>\n"));
    crate::pictures::compare(&folder.path("spark.svg"), "spark.svg");

    let none = article(&page, "empty-stream");
    assert_eq!(
        (fact(&none, "rows").as_str(), none.contains("<svg")),
        ("0", false)
    );
}

#[test]
fn nothing_in_a_page_is_obeyed_or_comes_from_elsewhere() {
    let folder = with_streams();
    let (_, page) = report(&folder, &[]);
    assert!(page.contains("&lt;script&gt;document.title='obeyed'&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\u{202e}'));
    for outside in [
        "http:", "https:", "url(", "@import", "src=", "<iframe", "<object",
    ] {
        assert!(
            !page.replace(&fact_escaped(), "").contains(outside),
            "{outside}"
        );
    }
    assert!(page.contains("content=\"default-src 'none';"));
    assert!(page.contains("name=\"viewport\" content=\"width=device-width,initial-scale=1\""));
}

/// Returns the name as the page shows it.
fn fact_escaped() -> String {
    let name = NAME.replace('\u{202e}', "\\u{202e}").replace('&', "&amp;");
    name.replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[test]
fn streams_in_trouble_stand_at_the_top() {
    let folder = with_streams();
    let spoil = format!(
        "UPDATE \"{BITCOIN}\" SET value = 1 WHERE ts = (SELECT ts FROM \"{BITCOIN}\" LIMIT 1 OFFSET 50); \
         INSERT INTO evil VALUES ('None', 1, 'h', 'p');"
    );
    folder.sqlite().batch_execute(&spoil).unwrap();
    let (code, page) = report(&folder, &[]);
    assert_eq!(code, 1);
    let (head, _) = page.split_once("<main>").unwrap();
    assert!(head.contains("2 streams to look at"), "{head}");
    assert!(head.contains(">bitcoin</a>: 1 suspect row</li>"), "{head}");
    assert!(head.contains("</a>: 1 unreadable row"), "{head}");
    assert_eq!(
        (
            fact(head, "suspect").as_str(),
            fact(head, "unreadable").as_str()
        ),
        ("1", "1")
    );
    // Each link leads to its stream.
    for link in head.split("href=\"#").skip(1) {
        let (id, _) = link.split_once('"').unwrap();
        assert!(page.contains(&format!("<article id=\"{id}\"")), "{id}");
    }
    let evil = article(&page, "evil");
    assert_eq!(fact(&evil, "rows"), "21");

    let (code, page) = report(&folder, &["--force", "--no-verify"]);
    assert_eq!(
        code, 1,
        "one row can't be read, whether the chains are verified or not"
    );
    assert_eq!(fact(&page, "suspect"), "not verified");
    assert!(!article(&page, BITCOIN).contains("<dt>chain"));
}

#[test]
fn a_page_is_not_written_over_unless_asked_for() {
    let folder = with_streams();
    folder.write("report.html", "mine");
    assert_eq!(report(&folder, &[]), (8, "mine".to_owned()));
    assert_eq!(report(&folder, &["--force"]).0, 0);
    for (file, code) in [("engine.db", 8), ("nowhere/r.html", 8), (".", 8)] {
        let ran = folder.run(&["report", "engine.db", "-o", file, "--force"]);
        assert_eq!(ran.code, code, "{ran:?}");
    }
    let ran = folder.run(&["report", "engine.db", "-o", "other.html", "--json"]);
    let found = ran.json();
    assert_eq!((ran.code, &found["streams"]), (0, &8.into()));
    assert_eq!((&found["gaps"], &found["suspect"]), (&46.into(), &0.into()));
    let bytes = fs::metadata(folder.path("other.html")).unwrap().len();
    assert_eq!(found["bytes"], bytes);
    let ran = folder.run(&["report", "none.db", "-o", "none.html"]);
    assert_eq!(ran.code, 3);
    let names = fs::read_dir(folder.path(""))
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["engine.db", "other.html", "report.html"]);
}

#[test]
fn a_page_on_standard_output_is_that_of_a_file() {
    let folder = with_streams();
    let written = report(&folder, &[]);
    for json in [&[][..], &["--json"]] {
        let ran = folder.run(&[&["report", "engine.db", "-o", "-"], json].concat());
        assert_eq!((ran.code, ran.err.as_str()), (written.0, ""), "{}", ran.err);
        // All but the head, where the time stands, and the ages of rows.
        let length = |page: &str| page.split("<article").count();
        assert_eq!(length(&ran.out), length(&written.1));
        assert!(ran.out.starts_with("<!DOCTYPE html>") && ran.out.ends_with("</html>\n"));
    }
    let names = fs::read_dir(folder.path("")).unwrap();
    assert_eq!(names.count(), 2, "the store and the page in a file");
    // A picture's format stands in the name of its file.
    for args in [
        &["plot", "engine.db", "evil", "-o", "-"][..],
        &["backup", "engine.db", "-"],
    ] {
        let ran = folder.run(args);
        assert!(ran.code != 0 && ran.out.is_empty(), "{ran:?}");
        assert!(ran.err.contains("file"), "{ran:?}");
    }
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 2);
}

#[test]
fn the_page_of_a_stream_is_small_however_many_rows_it_has() {
    let folder = Folder::new();
    assert_eq!(folder.feed(&["ingest", "engine.db"], b"[]").code, 0);
    let streams = (0..20).map(|stream| {
        let row = "i * 60, abs(random() % 1000000), 'h', 'p'";
        create(&format!("s{stream}"), 2_000, row)
    });
    let streams: String = streams.collect();
    folder.sqlite().batch_execute(&streams).unwrap();
    let (code, page) = report(&folder, &["--no-verify"]);
    assert_eq!((code, page.matches("class=\"area s0\"").count()), (0, 20));
    let (_, streams) = page.split_once("<main>").unwrap();
    assert!(streams.len() < 20 * 5_000, "{}", streams.len());
}

#[test]
fn a_browser_shows_the_page_without_a_complaint() {
    let Some(chromium) = browser::find() else {
        println!("skipped: there is no chromium; scripts/need chromium installs it");
        return;
    };
    let folder = with_streams();
    let (_, page) = report(&folder, &[]);
    let seen = browser::load(&chromium, &folder.path("report.html"), &[]);
    assert_eq!(seen.complaints, Vec::<String>::new());
    assert!(
        seen.dom.contains("<title>Report of engine.db</title>"),
        "no name was obeyed"
    );
    assert_eq!(seen.dom.matches("<article").count(), 8);

    // The same page with a mistake in it: what was looked for would have been found. The
    // policy keeps a script from running; without it, the script's error is seen.
    let with = |page: &str| {
        page.replace(
            "</main>",
            "<script>document.title = 'ran'; nowhere()</script></main>",
        )
    };
    folder.write("blocked.html", with(&page));
    let seen = browser::load(&chromium, &folder.path("blocked.html"), &[]);
    assert!(
        seen.complaints
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "{seen:?}"
    );
    assert!(seen.dom.contains("<title>Report of engine.db</title>"));
    folder.write("mistaken.html", with(&browser::without_policy(&page)));
    let seen = browser::load(&chromium, &folder.path("mistaken.html"), &[]);
    assert!(
        seen.complaints
            .iter()
            .any(|line| line.contains("nowhere is not defined")),
        "{seen:?}"
    );
    assert!(seen.dom.contains("<title>ran</title>"));
}

#[test]
fn a_telephone_and_the_dark_can_show_the_page() {
    let Some(chromium) = browser::find() else {
        println!("skipped: there is no chromium; scripts/need chromium installs it");
        return;
    };
    let folder = with_streams();
    let long = "w".repeat(250);
    hourly(&folder, "long", &long, &[0, 1, 2], &long);
    let (_, page) = report(&folder, &[]);
    let measure = |page: &str, width: u32, dark: bool| {
        folder.write("measured.html", browser::measured(page));
        folder.write("frame.html", browser::frame("measured.html", width));
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
        let args = ["--allow-file-access-from-files", &scheme];
        let seen = browser::load(&chromium, &folder.path("frame.html"), &args);
        let (_, found) = seen
            .dom
            .split_once("data-found=\"")
            .unwrap_or_else(|| panic!("{seen:?}"));
        let (found, _) = found.split_once('"').unwrap();
        let found: Vec<f64> = found
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect();
        // How wide the window is, how far the widest element reaches, how light paper and text are.
        <[f64; 4]>::try_from(found).unwrap()
    };
    for width in [320, 390, 1_280] {
        let [window, reach, paper, text] = measure(&page, width, false);
        assert_eq!(window, f64::from(width));
        assert!(reach <= window, "at {width}: {reach}");
        assert!(paper > 240.0 && text < 60.0, "{paper} {text}");
    }
    let [_, _, paper, text] = measure(&page, 390, true);
    assert!(paper < 40.0 && text > 200.0, "{paper} {text}");
    // A page that is too wide, and one that is never dark, are noticed.
    let wide = page.replace("<main>", "<main><p style=\"width:500px\">wide</p>");
    assert!(measure(&wide, 390, false)[1] > 390.0);
    let light = page.replace("@media(prefers-color-scheme:dark)", "@media(max-width:1px)");
    assert!(measure(&light, 390, true)[2] > 240.0);
}

#[test]
#[cfg(unix)]
fn a_signal_leaves_nothing_behind() {
    let folder = Folder::with("eleven_columns.db");
    // At first the program doesn't watch for signals yet; later it has ended.
    let is_ended_by_it = |millis: u64| {
        let mut command = folder.command(&["report", "engine.db", "-o", "r.html", "--force"]);
        let mut child = command
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        let pid = child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        let code = child.wait().unwrap().code();
        assert!([None, Some(0), Some(143)].contains(&code), "{code:?}");
        code == Some(143)
    };
    assert!((0..400).map(|tens| tens * 10).any(is_ended_by_it));
    let mut names = fs::read_dir(folder.path(""))
        .unwrap()
        .map(|file| file.unwrap().file_name());
    assert!(!names.any(|name| name.to_string_lossy().contains("partial")));
}
