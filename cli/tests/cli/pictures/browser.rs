//! Chromium, which shows a page and says what it thinks of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What came of a page.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) dom: String,
    /// The lines of the console.
    pub(crate) complaints: Vec<String>,
}

/// Returns the browser, if there is one.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut places = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|place| place.is_file())
}

/// Loads a page.
pub(crate) fn load(chromium: &Path, page: &Path, more: &[&str]) -> Seen {
    let profile = tempfile::tempdir().unwrap();
    let mut folder = OsStr::new("--user-data-dir=").to_owned();
    folder.push(profile.path());
    let loaded = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1400,1000",
            "--enable-logging=stderr",
            "--log-level=0",
            "--dump-dom",
        ])
        .args(more)
        .args([&folder, page.as_os_str()])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&loaded.stderr);
    let complaints = log.lines().filter(|line| line.contains(":CONSOLE"));
    let seen = Seen {
        complaints: complaints.map(str::to_owned).collect(),
        dom: String::from_utf8_lossy(&loaded.stdout).into_owned(),
    };
    assert!(
        loaded.status.success() && seen.dom.contains("<html"),
        "{log}"
    );
    seen
}

/// Returns the page without its policy, so that a test's script runs in it.
pub(crate) fn without_policy(page: &str) -> String {
    let (before, rest) = page
        .split_once("<meta http-equiv=\"Content-Security-Policy\"")
        .unwrap();
    let (_, after) = rest.split_once('>').unwrap();
    before.to_owned() + after
}

/// Returns the page with a script that measures it; see [`frame`]. All of it is laid out, also
/// what is not in sight.
pub(crate) fn measured(page: &str) -> String {
    const SCRIPT: &str = "<style>article{content-visibility:visible!important}</style><script>
        onload = () => {
            const reach = [...document.querySelectorAll('body, body *')]
                .map(element => element.getBoundingClientRect().right + scrollX);
            const light = color => color.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3;
            const style = getComputedStyle(document.body);
            const root = document.documentElement;
            root.dataset.measured = [innerWidth, Math.max(root.scrollWidth, ...reach),
                light(style.backgroundColor), light(style.color)].join(' ');
        }
        </script></main>";
    without_policy(page).replace("</main>", SCRIPT)
}

/// Returns a page that shows the measured one in a frame of this width: a window can't be as
/// narrow as a telephone. It takes over what was measured.
pub(crate) fn frame(page: &str, width: u32) -> String {
    format!(
        "<!DOCTYPE html><html><meta name=\"color-scheme\" content=\"light dark\">\
         <body><iframe id=f src=\"{page}\" style=\"border:0;width:{width}px;height:800px\"></iframe>
         <script>onload = () => document.documentElement.dataset.found =
             document.getElementById('f').contentDocument.documentElement.dataset.measured</script>"
    )
}
