//! Texts without the passwords that are in them.

use std::borrow::Cow;

/// Returns the text as messages may show it: without the password of a URL in it, and without
/// what follows `password=`, as in the other way to name a PostgreSQL database. Errors of this
/// crate show no text in any other way: a URL may stand where a stream was expected.
///
/// It hides too much rather than too little.
///
/// ```
/// use satori_store::without_password;
///
/// let text = "no stream postgres://ann:secret@example.com/engine";
/// assert_eq!(without_password(text), "no stream postgres://ann:***@example.com/engine");
/// assert_eq!(without_password("host=db user=ann password=secret"), "host=db user=ann password=***");
/// assert_eq!(without_password("bitcoin"), "bitcoin");
/// ```
pub fn without_password(text: &str) -> Cow<'_, str> {
    // Most texts are neither, and many are looked at.
    if !text.contains('/') && !text.contains('=') {
        return Cow::Borrowed(text);
    }
    let shown = match url_in(text) {
        Some((_, rest)) => Cow::Owned(text[..rest].to_owned() + &of_address(&text[rest..])),
        None => Cow::Borrowed(text),
    };
    match in_words(&shown) {
        Some(end) => Cow::Owned(format!("{}***", &shown[..end])),
        None => shown,
    }
}

/// Returns `true` if the text begins with a scheme and `://`
/// (<https://www.rfc-editor.org/rfc/rfc3986#section-3.1>), with several schemes, as
/// `jdbc:postgresql://`, or with a scheme and `:/`, which is what some libraries for paths
/// make of a URL. A scheme has two letters at least: one is a drive.
pub(crate) fn is_url(text: &str) -> bool {
    url_in(text).is_some_and(|(begin, rest)| begin == 0 && !text[..rest].starts_with('/'))
}

/// Returns where the first URL in a text begins, and where what comes behind `://` does. It may
/// lack its scheme, if it has a user with a password.
fn url_in(text: &str) -> Option<(usize, usize)> {
    let (with, without) = (with_scheme(text), without_scheme(text));
    with.into_iter().chain(without).min()
}

fn with_scheme(text: &str) -> Option<(usize, usize)> {
    let is_of_scheme =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':');
    text.match_indices(":/").find_map(|(colon, _)| {
        let before = &text.as_bytes()[..colon];
        let begin = colon - before.iter().rev().take_while(is_of_scheme).count();
        // An option may stand before it, as in -opostgres://.
        let scheme = before[begin..].iter().position(u8::is_ascii_alphabetic);
        let begin = begin + scheme?;
        let rest = colon + ":/".len();
        let end = rest + usize::from(text[rest..].starts_with('/'));
        (colon - begin > 1).then_some((begin, end))
    })
}

fn without_scheme(text: &str) -> Option<(usize, usize)> {
    let begin = text.find("//")?;
    let rest = begin + "//".len();
    // There may be others behind the first.
    let (user, _) = text[rest..].rsplit_once('@')?;
    user.contains(':').then_some((begin, rest))
}

/// Returns where the `=` of the first `password=` ends, if the text has it.
fn in_words(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("password").find_map(|(begin, word)| {
        let behind = lower[begin + word.len()..].trim_start();
        behind
            .starts_with('=')
            .then(|| text.len() - behind.len() + 1)
    })
}

/// Hides what may be a password: behind a user's name, and whatever comes behind the
/// address. If an `@` is not where it separates the user from the host, nobody knows what is
/// what.
fn of_address(rest: &str) -> String {
    let end_of_host = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end_of_host);
    if path.contains('@') || authority.matches('@').count() > 1 {
        return "***".to_owned();
    }
    let authority = match authority.split_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            // An escape may stand for the colon.
            None if user.contains('%') => format!("***@{host}"),
            None => format!("{user}@{host}"),
        },
        // Where the host is missing, a password stands for the port.
        None => match authority.split_once(':') {
            Some((name, port)) if !authority.starts_with('[') && !is_port(port) => {
                return format!("{name}:***");
            }
            _ => authority.to_owned(),
        },
    };
    match path.find(['?', '#', ';']) {
        Some(end) => format!("{authority}{}***", &path[..=end]),
        None => authority + path,
    }
}

/// Returns `true` if a number stands before what may end a URL in a text.
fn is_port(text: &str) -> bool {
    let ends = |sign: char| sign.is_whitespace() || matches!(sign, ',' | ':' | ')' | '"' | '\'');
    let end = text.find(ends);
    let word = end.map_or(text, |end| &text[..end]);
    word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_hidden_wherever_it_stands() {
        for (text, wanted) in [
            ("postgre://ann:secret@host/db", "postgre://ann:***@host/db"),
            ("postgres:/ann:secret@host/db", "postgres:/ann:***@host/db"),
            ("//ann:secret@host/db", "//ann:***@host/db"),
            ("postgres//ann:secret@host/db", "postgres//ann:***@host/db"),
            ("-opostgres://ann:secret@host", "-opostgres://ann:***@host"),
            (
                "--to=postgres://ann:secret@host",
                "--to=postgres://ann:***@host",
            ),
            (
                "('postgres://ann:secret@host', 1)",
                "('postgres://ann:***@host', 1)",
            ),
            ("http://a postgres://ann:secret@host", "http://***"),
            (
                "C:/x postgres://ann:secret@host",
                "C:/x postgres://ann:***@host",
            ),
            ("host=h password=secret dbname=d", "host=h password=***"),
            (
                "/a_password1/x password=secret",
                "/a_password1/x password=***",
            ),
            ("host=h PassWord = 'secret'", "host=h PassWord =***"),
            (
                "postgres://host/db password=secret",
                "postgres://host/db password=***",
            ),
            (
                "postgres://ann:xpassword=secret@host",
                "postgres://ann:***@host",
            ),
            ("password=secret postgres://ann:x@host", "password=***"),
            ("a//b@c //ann:secret@host", "a//***"),
            (
                "//ann:secret@host or http://host",
                "//ann:***@host or http://host",
            ),
            ("postgres://ann:secret", "postgres://ann:***"),
            ("postgres://ann:secret/db", "postgres://ann:***"),
        ] {
            assert_eq!(without_password(text), wanted);
            assert!(!wanted.contains("secret"));
        }
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "",
            "bitcoin",
            "2024-01-03T12:00:00Z",
            "https://example.com/price",
            "a/b:c@d",
            "a//b@c",
            "postgres://[2001:db8::1]:5432/db",
            "postgres://one:5432,two:5433/db",
            "http://one:80: it is gone",
            "string \"https://example.com\", expected: a number",
            "C:/engine.db",
            "password",
            "x=1",
            "é://ü",
        ] {
            assert_eq!(without_password(text), text);
        }
    }
}
