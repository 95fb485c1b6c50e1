//! The paths that a Rust source names: by `use`, and in the midst of the code.

use std::collections::HashMap;

use crate::tokens::{Token, tokens};

/// A path to another module of the crate, from the crate's root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

/// Reads the paths that the module `module` names in its source. `is_module` returns
/// `true` if a path is that of a module with a file of its own.
pub(crate) fn imports(
    text: &str,
    module: &[String],
    is_module: impl Fn(&[String]) -> bool,
) -> Vec<Import> {
    let tokens = tokens(text);
    let mut uses = Uses::default();
    let mut paths = Vec::new();
    let mut scopes = vec![module.to_vec()];
    let mut at = 0;
    while at < tokens.len() {
        let (line, token) = tokens[at];
        let scope = scopes.last().expect("braces are balanced").clone();
        match token {
            // `impl Trait + use<'a>` declares nothing.
            Token::Word("use") if tokens.get(at + 1).map(|next| next.1) != Some(LESS) => {
                at = uses.read(&tokens, at + 1, line, &scope, Vec::new());
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
                paths.push((line, scope, path));
                continue;
            }
            _ => {}
        }
        at += 1;
    }

    // What `use` brings in as a module may begin a path elsewhere in the file.
    let mut found = Vec::new();
    let mut aliases = HashMap::new();
    for (line, scope, path, name) in uses.found {
        if let Some(path) = absolute(&path, &scope, &HashMap::new(), &is_module) {
            if is_module(&path) {
                aliases.insert(name, path.clone());
            }
            found.push(Import { line, path });
        }
    }
    for (line, scope, path) in paths {
        if let Some(path) = absolute(&path, &scope, &aliases, &is_module) {
            found.push(Import { line, path });
        }
    }
    found.sort_by_key(|import| import.line);
    found
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

/// Makes a path begin at the crate's root. Returns `None` if it leads elsewhere: into
/// another crate, or to what an item of the file holds.
fn absolute(
    path: &[String],
    scope: &[String],
    aliases: &HashMap<String, Vec<String>>,
    is_module: impl Fn(&[String]) -> bool,
) -> Option<Vec<String>> {
    let (first, mut rest) = path.split_first()?;
    let mut from = match first.as_str() {
        "crate" => Vec::new(),
        "self" => scope.to_vec(),
        "super" => parent(scope),
        name => {
            let child = [scope, &[name.to_owned()]].concat();
            if is_module(&child) {
                child
            } else {
                aliases.get(name)?.clone()
            }
        }
    };
    while let Some(("super", after)) = rest.split_first().map(|(word, after)| (&**word, after)) {
        from = parent(&from);
        rest = after;
    }
    Some([from.as_slice(), rest].concat())
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// What `use` declares.
#[derive(Default)]
struct Uses {
    /// Line, module, path as written, and the name that it gets.
    found: Vec<(usize, Vec<String>, Vec<String>, String)>,
}

impl Uses {
    /// Reads one tree of a declaration, from its first token; returns where it ends.
    fn read(
        &mut self,
        tokens: &[(usize, Token<'_>)],
        mut at: usize,
        line: usize,
        scope: &[String],
        mut path: Vec<String>,
    ) -> usize {
        let mut line = line;
        loop {
            let token = tokens.get(at);
            line = token.map_or(line, |token| token.0);
            match token.map(|token| token.1) {
                // `use ::name` is another crate's, so it must not look like one of ours.
                Some(Token::PathSeparator) if path.is_empty() => path.push(String::new()),
                Some(Token::PathSeparator) => {}
                Some(Token::Word("self")) if !path.is_empty() => {}
                Some(Token::Mark('*')) => {}
                Some(Token::Word("as")) => {
                    if let Some((_, Token::Word(name))) = tokens.get(at + 1) {
                        self.add(line, scope, path, name);
                    }
                    return at + 2;
                }
                Some(Token::Word(word)) => path.push(word.to_owned()),
                Some(Token::Mark('{')) => {
                    at += 1;
                    while !matches!(tokens.get(at), None | Some((_, Token::Mark('}')))) {
                        at = self.read(tokens, at, line, scope, path.clone());
                        if matches!(tokens.get(at), Some((_, Token::Mark(',')))) {
                            at += 1;
                        }
                    }
                    return at + 1;
                }
                _ => {
                    let name = path.last().cloned().unwrap_or_default();
                    self.add(line, scope, path, &name);
                    return at;
                }
            }
            at += 1;
        }
    }

    fn add(&mut self, line: usize, scope: &[String], path: Vec<String>, name: &str) {
        self.found
            .push((line, scope.to_vec(), path, name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the source of `sqlite::read`, which has a child `row`.
    fn found(text: &str) -> Vec<String> {
        let module = ["sqlite", "read"].map(str::to_owned);
        let modules = [
            "model",
            "model::time",
            "sqlite",
            "sqlite::read",
            "sqlite::read::row",
        ];
        let is_module = |path: &[String]| modules.contains(&&*path.join("::"));
        imports(text, &module, is_module)
            .into_iter()
            .map(|import| format!("{} {}", import.line, import.path.join("::")))
            .collect()
    }

    #[test]
    fn every_form_of_use_is_read() {
        assert_eq!(
            found("use crate::model::time::Timestamp;"),
            ["1 model::time::Timestamp"]
        );
        assert_eq!(found("pub(crate) use super::key;"), ["1 sqlite::key"]);
        assert_eq!(
            found("use super::super::store::Store as S;"),
            ["1 store::Store"]
        );
        assert_eq!(
            found("pub use row::Row;\nuse self::row;"),
            ["1 sqlite::read::row::Row", "2 sqlite::read::row"]
        );
        assert_eq!(
            found("use crate::{\n    model::{self, time::*},\n    store as s,\n    Store,\n};"),
            ["2 model", "2 model::time", "3 store", "4 Store"]
        );
        assert_eq!(
            found("#[cfg(test)]\nmod tests {\n use super::*;\n use super::super::key;\n}"),
            ["3 sqlite::read", "4 sqlite::key"]
        );
        assert_eq!(
            found("fn f() {\n use crate::json::sync;\n}"),
            ["2 json::sync"]
        );
    }

    #[test]
    fn paths_in_the_code_are_read() {
        assert_eq!(found("fn f() -> crate::Result<()> {}"), ["1 Result"]);
        assert_eq!(
            found("let x: Vec<super::key::Key>;"),
            ["1 sqlite::key::Key"]
        );
        assert_eq!(
            found("row::read(self::row::other())"),
            ["1 sqlite::read::row::read", "1 sqlite::read::row::other"]
        );
        assert_eq!(found("for x in crate::model::all() {}"), ["1 model::all"]);
        assert_eq!(
            found("#[diesel(table_name = crate::sqlite::schema::streams)]"),
            ["1 sqlite::schema::streams"]
        );
        assert_eq!(
            found("macro_rules! m { () => { $crate::store::f() } }"),
            ["1 store::f"]
        );
    }

    #[test]
    fn a_module_that_is_brought_in_is_followed() {
        assert_eq!(
            found("use crate::model;\nfn f() { model::time::now() }"),
            ["1 model", "2 model::time::now"]
        );
        assert_eq!(
            found("use crate::model as nouns;\nfn f() { nouns::time::now() }"),
            ["1 model", "2 model::time::now"]
        );
        // What is no module leads nowhere else.
        assert_eq!(
            found("use crate::model::time::Unit;\nlet x = Unit::Second;"),
            ["1 model::time::Unit"]
        );
    }

    #[test]
    fn what_is_no_import_is_left_out() {
        assert_eq!(
            found("// use crate::store;\n/// [`crate::store`]\nlet x = \"crate::store\";"),
            [""; 0]
        );
        assert_eq!(
            found("pub(in crate::sqlite) fn f() {}\npub(crate) fn g() {}"),
            [""; 0]
        );
        assert_eq!(
            found("fn f() -> impl Sized + use<'a> { ::row::f(); std::row::g() }"),
            [""; 0]
        );
        assert_eq!(
            found("use ::row::x;\nuse serde::{self, Deserialize};\nmod key;"),
            [""; 0]
        );
    }
}
