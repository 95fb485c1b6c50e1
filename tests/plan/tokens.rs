//! The tokens of a Rust source, as far as paths need them: comments and literals are
//! left out.

/// A word or a mark of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name or a keyword, without `r#`.
    Word(&'a str),
    /// `::`
    PathSeparator,
    Mark(char),
}

/// Reads the tokens of a source, each with the number of its line.
pub(crate) fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if let Some(length) = comment(rest).or_else(|| literal(rest)) {
            length
        } else if let Some(name) = rest.strip_prefix("r#") {
            let length = word(name);
            tokens.push((line, Token::Word(&name[..length])));
            2 + length
        } else if is_of_word(first) {
            let length = word(rest);
            tokens.push((line, Token::Word(&rest[..length])));
            length
        } else if rest.starts_with("::") {
            tokens.push((line, Token::PathSeparator));
            2
        } else {
            tokens.push((line, Token::Mark(first)));
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_of_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Returns the length of the word that the text begins with.
fn word(text: &str) -> usize {
    text.find(|character| !is_of_word(character))
        .unwrap_or(text.len())
}

/// Returns the length of the comment that the text begins with, if any.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.strip_prefix("/*")?;
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let length = if text[at..].starts_with("/*") {
            depth += 1;
            2
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            2
        } else {
            text[at..].chars().next().map_or(1, char::len_utf8)
        };
        at += length;
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

/// Returns the length of the string or character that the text begins with, if any.
/// Numbers count as words.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""]
        .into_iter()
        .find(|prefix| text.starts_with(prefix))?;
    let body = &text[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let inside = body[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix.len() + hashes + 1 + length);
    }
    if body.starts_with('"') {
        return Some(prefix.len() + quoted(body, '"'));
    }
    let inside = body.strip_prefix('\'')?;
    // `'a` is a lifetime if no quote follows the one character.
    let is_character = inside.starts_with('\\') || inside.chars().nth(1) == Some('\'');
    is_character.then(|| prefix.len() + quoted(body, '\''))
}

/// Returns the length of a literal that `quote` begins and ends.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text)
            .into_iter()
            .filter_map(|(_, token)| match token {
                Token::Word(word) => Some(word),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn comments_and_literals_are_left_out() {
        assert_eq!(words("a // x\n/// y\n//! z\nb"), ["a", "b"]);
        assert_eq!(words("a /* x /* y */ é */ b"), ["a", "b"]);
        assert_eq!(words(r#"a "x \" y" b"#), ["a", "b"]);
        assert_eq!(words("a \"x \\\n  é\" b'x' b\"y\" c\"z\" b"), ["a", "b"]);
        assert_eq!(
            words("a r\"x \\\" br#\"y \" z\"# r##\" \"# x\"## b"),
            ["a", "b"]
        );
        assert_eq!(words(r"a 'x' '\'' '\\' '\u{1f600}' 'é' b"), ["a", "b"]);
    }

    #[test]
    fn what_resembles_a_literal_is_none() {
        assert_eq!(
            words("fn f<'a>(x: &'a str)"),
            ["fn", "f", "a", "x", "a", "str"]
        );
        assert_eq!(
            words("r#type b c r br cr"),
            ["type", "b", "c", "r", "br", "cr"]
        );
        assert_eq!(words("bread: crate::x"), ["bread", "crate", "x"]);
    }

    #[test]
    fn lines_count_from_one() {
        let found = tokens("a\n\"x\ny\"\nb::c");
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 4, 4, 4]);
        assert_eq!(found[2].1, Token::PathSeparator);
    }
}
