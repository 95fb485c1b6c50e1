//! Text for people, which can't steer a terminal.

use std::fmt::{Display, Write};
use std::path::Path;
use std::time::Duration;

use satori_store::{Timestamp, without_password};

/// The number of items that a list shows; `--json` shows all.
pub(crate) const SHOWN: usize = 10;

/// Returns `true` if a terminal would obey the character, or show something else than
/// the text: controls, marks that turn the direction of text, and invisible ones.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns a path or a URL for messages, without a password in it.
pub(crate) fn place(path: &Path) -> String {
    without_password(&path.to_string_lossy()).into_owned()
}

/// Returns `text` with every hidden character escaped.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => plain.push_str("\\n"),
            '\t' => plain.push_str("\\t"),
            '\r' => plain.push_str("\\r"),
            _ if is_hidden(character) => plain.extend(character.escape_unicode()),
            _ => plain.push(character),
        }
    }
    plain
}

/// Returns `text` with hidden characters escaped, cut at `limit` characters.
pub(crate) fn short(text: &str, limit: usize) -> String {
    let text = plain(text);
    match text.char_indices().nth(limit) {
        Some(_) => {
            let cut: String = text.chars().take(limit.saturating_sub(1)).collect();
            cut + "…"
        }
        None => text,
    }
}

/// Returns `text` for HTML and XML, as the content of an element or of an attribute in quotes:
/// what others wrote is shown, and never obeyed.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in plain(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no such characters.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Returns a title and the first [`SHOWN`] items below it, one a line.
pub(crate) fn listed(title: &str, items: &[impl Display]) -> String {
    let mut text = format!("\n{title}:\n");
    for item in items.iter().take(SHOWN) {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {item}");
    }
    if let Some(more) = more(items.len()) {
        let _ = writeln!(text, "  {more}");
    }
    text
}

/// Returns the last line of a list of `all` items, if it shows only [`SHOWN`].
pub(crate) fn more(all: usize) -> Option<String> {
    (all > SHOWN).then(|| format!("and {} more; --json shows all", all - SHOWN))
}

/// Returns the shortest decimal that reads back to the same number, as JSON has it.
pub(crate) fn number(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-5..1e16).contains(&magnitude) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

/// Returns a number as [`number`] does; nothing for NaN, which stands for none.
pub(crate) fn optional_number(value: f64) -> String {
    match value.is_nan() {
        true => String::new(),
        false => number(value),
    }
}

/// Returns an instant as Unix seconds, exact to the microsecond.
pub(crate) fn seconds(ts: Timestamp) -> String {
    let micros = ts.as_micros();
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, fraction) = (
        micros.unsigned_abs() / 1_000_000,
        micros.unsigned_abs() % 1_000_000,
    );
    match fraction {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:06}"),
    }
}

/// Returns `1234567` as `1,234,567`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a number and its noun: `1 row`, `2 rows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// Returns a duration as `31d`, `1h 30m` or `0.5s`.
pub(crate) fn duration(duration: Duration) -> String {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if rest >= seconds {
            // Writing to a string can't fail.
            let _ = write!(text, "{}{unit} ", rest / seconds);
            rest %= seconds;
        }
    }
    let fraction = f64::from(duration.subsec_micros()) / 1e6;
    if rest > 0 || fraction > 0.0 || text.is_empty() {
        let _ = write!(text, "{}s", rest as f64 + fraction);
    }
    text.trim_end().to_owned()
}

/// Returns an instant as `2024-01-03 12:00`: UTC, to the minute, enough for a list.
pub(crate) fn minute(ts: Timestamp) -> String {
    let text = ts.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) if text.ends_with('Z') => format!("{date} {time}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(plain("\u{9b}31m\u{202e}x"), "\\u{9b}31m\\u{202e}x");
        assert_eq!(plain("Zürich 東京"), "Zürich 東京");
    }

    #[test]
    fn nothing_is_obeyed_in_a_page() {
        assert_eq!(
            escaped("<script>\"&'</script>\u{202e}\u{ffff}"),
            "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;\\u{202e}\u{fffd}"
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(short("abcdef", 6), "abcdef");
        assert_eq!(short("abcdefg", 6), "abcde…");
    }

    #[test]
    fn durations_read_well() {
        let text = |micros| duration(Duration::from_micros(micros));
        assert_eq!(text(0), "0s");
        assert_eq!(text(500_000), "0.5s");
        assert_eq!(text(5_400_000_000), "1h 30m");
        assert_eq!(text(2_678_400_000_000), "31d");
    }

    #[test]
    fn seconds_are_exact() {
        let text = |micros| seconds(Timestamp::from_micros(micros));
        assert_eq!(text(1_704_283_200_000_000), "1704283200");
        assert_eq!(text(-1), "-0.000001");
        assert_eq!(text(-1_500_000), "-1.500000");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(45000.5), "45000.5");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(1e300), "1e300");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "row"), "1 row");
    }
}
