//! The paths that a Rust source names: by `use`, and in the midst of the code.

use crate::tokens::{Token, tokens};

/// The paths that a source names, as they are written.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) uses: Vec<Use>,
    pub(crate) paths: Vec<Path>,
}

/// A path, and the module in which it stands.
pub(crate) struct Path {
    pub(crate) line: usize,
    pub(crate) scope: Vec<String>,
    pub(crate) path: Vec<String>,
}

/// What `use` declares.
pub(crate) struct Use {
    pub(crate) path: Path,
    /// The name that it gets; `None` for `*`.
    pub(crate) name: Option<String>,
}

/// Reads the paths that the module `module` names in its source.
pub(crate) fn read(text: &str, module: &[String]) -> Source {
    let tokens = tokens(text);
    let mut source = Source::default();
    let mut scopes = vec![module.to_vec()];
    let mut at = 0;
    while at < tokens.len() {
        let (line, token) = tokens[at];
        let scope = scopes.last().expect("braces are balanced").clone();
        match token {
            // `impl Trait + use<'a>` declares nothing.
            Token::Word("use") if tokens.get(at + 1).map(|next| next.1) != Some(LESS) => {
                at = source.read_use(&tokens, at + 1, line, &scope, Vec::new());
                continue;
            }
            Token::Mark('{') => {
                let mut inner = scope;
                if let Some([(_, Token::Word("mod")), (_, Token::Word(name))]) =
                    at.checked_sub(2).map(|from| &tokens[from..at])
                {
                    inner.push((*name).to_owned());
                }
                scopes.push(inner);
            }
            Token::Mark('}') if scopes.len() > 1 => drop(scopes.pop()),
            Token::Word(_) if begins_path(&tokens, at) => {
                let mut path = Vec::new();
                while let Some((_, Token::Word(word))) = tokens.get(at) {
                    path.push((*word).to_owned());
                    at += 1;
                    match tokens.get(at) {
                        Some((_, Token::PathSeparator)) => at += 1,
                        _ => break,
                    }
                }
                source.paths.push(Path { line, scope, path });
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    source
}

const LESS: Token<'_> = Token::Mark('<');

/// Returns `true` if the first word of a path stands here. `pub(in …)` is none.
fn begins_path(tokens: &[(usize, Token<'_>)], at: usize) -> bool {
    let before = |steps: usize| at.checked_sub(steps).map(|at| tokens[at].1);
    let is_visibility = before(1) == Some(Token::Word("in")) && before(2) == Some(Token::Mark('('));
    tokens.get(at + 1).map(|next| next.1) == Some(Token::PathSeparator)
        && before(1) != Some(Token::PathSeparator)
        && !is_visibility
}

impl Source {
    /// Reads one tree of a declaration, from its first token; returns where it ends.
    fn read_use(
        &mut self,
        tokens: &[(usize, Token<'_>)],
        mut at: usize,
        line: usize,
        scope: &[String],
        mut path: Vec<String>,
    ) -> usize {
        let mut line = line;
        let mut is_glob = false;
        loop {
            let token = tokens.get(at);
            line = token.map_or(line, |token| token.0);
            match token.map(|token| token.1) {
                // `use ::name` is another crate's, so it must not look like one of ours.
                Some(Token::PathSeparator) if path.is_empty() => path.push(String::new()),
                Some(Token::PathSeparator) => {}
                Some(Token::Word("self")) if !path.is_empty() => {}
                Some(Token::Mark('*')) => is_glob = true,
                Some(Token::Word("as")) => {
                    if let Some((_, Token::Word(name))) = tokens.get(at + 1) {
                        self.add(line, scope, path, Some((*name).to_owned()));
                    }
                    return at + 2;
                }
                Some(Token::Word(word)) => path.push(word.to_owned()),
                Some(Token::Mark('{')) => {
                    at += 1;
                    while !matches!(tokens.get(at), None | Some((_, Token::Mark('}')))) {
                        at = self.read_use(tokens, at, line, scope, path.clone());
                        if matches!(tokens.get(at), Some((_, Token::Mark(',')))) {
                            at += 1;
                        }
                    }
                    return at + 1;
                }
                _ => {
                    let name = path.last().cloned().filter(|_| !is_glob);
                    self.add(line, scope, path, name);
                    return at;
                }
            }
            at += 1;
        }
    }

    fn add(&mut self, line: usize, scope: &[String], path: Vec<String>, name: Option<String>) {
        let scope = scope.to_vec();
        let path = Path { line, scope, path };
        self.uses.push(Use { path, name });
    }
}
