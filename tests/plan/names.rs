//! What names stand for, across the files: a path may go through a module that another
//! `use` has brought in, in this file or in another.

use std::collections::BTreeMap;

use crate::imports::{Path, Source};

/// A path to another module of the crate, from the crate's root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

/// The modules that `use` declarations bring in.
pub(crate) struct Names<F> {
    /// Returns `true` if a path is that of a module with a file of its own.
    is_module: F,
    /// The module that a path stands for, by `use … as` or just `use`.
    aliases: BTreeMap<Vec<String>, Vec<String>>,
    /// The modules whose names a module has all, by `use …::*`.
    globs: Vec<(Vec<String>, Vec<String>)>,
}

impl<F: Fn(&[String]) -> bool> Names<F> {
    /// Finds the modules that all these sources bring in. Declarations may stand in any
    /// order, so they are gone through until nothing new is found.
    pub(crate) fn new<'a>(is_module: F, sources: impl IntoIterator<Item = &'a Source>) -> Self {
        let sources: Vec<_> = sources.into_iter().collect();
        let mut names = Self {
            is_module,
            aliases: BTreeMap::new(),
            globs: Vec::new(),
        };
        loop {
            let known = (names.aliases.len(), names.globs.len());
            for declared in sources.iter().flat_map(|source| &source.uses) {
                let Some(module) = names.absolute(&declared.path) else {
                    continue;
                };
                let scope = &declared.path.scope;
                match &declared.name {
                    Some(name) => {
                        let alias = [scope.as_slice(), std::slice::from_ref(name)].concat();
                        if names.is_module(&module) && alias != module {
                            names.aliases.insert(alias, module);
                        }
                    }
                    None => {
                        let glob = (scope.clone(), module);
                        if !names.globs.contains(&glob) {
                            names.globs.push(glob);
                        }
                    }
                }
            }
            if (names.aliases.len(), names.globs.len()) == known {
                return names;
            }
        }
    }

    /// Returns the paths that a source names, but for those that lead elsewhere: into another
    /// crate, or to what an item of the file holds.
    pub(crate) fn imports(&self, source: &Source) -> Vec<Import> {
        let uses = source.uses.iter().map(|declared| &declared.path);
        let mut found: Vec<_> = uses
            .chain(&source.paths)
            .filter_map(|path| {
                Some(Import {
                    line: path.line,
                    path: self.absolute(path)?,
                })
            })
            .collect();
        found.sort_by_key(|import| import.line);
        found
    }

    fn is_module(&self, path: &[String]) -> bool {
        path.is_empty() || (self.is_module)(path)
    }

    /// Makes a path begin at the crate's root, and go through modules alone. Returns `None` if
    /// it leads elsewhere.
    fn absolute(&self, Path { scope, path, .. }: &Path) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut from = match first.as_str() {
            "crate" => Vec::new(),
            "self" => scope.clone(),
            "super" => parent(scope),
            name => self.inside(scope, name)?,
        };
        while let Some(("super", after)) = rest.split_first().map(|(word, after)| (&**word, after))
        {
            from = parent(&from);
            rest = after;
        }
        for name in rest {
            let inside = self.inside(&from, name);
            from = inside.unwrap_or_else(|| [from, vec![name.clone()]].concat());
        }
        Some(from)
    }

    /// Returns the module that a name inside another module stands for; `None` if it is no
    /// module's.
    fn inside(&self, module: &[String], name: &str) -> Option<Vec<String>> {
        let named = |module: &[String]| {
            let path = [module, &[name.to_owned()]].concat();
            match self.is_module(&path) {
                true => Some(path),
                false => self.aliases.get(&path).cloned(),
            }
        };
        let mut seen = vec![module.to_vec()];
        let mut at = 0;
        while let Some(module) = seen.get(at) {
            if let Some(found) = named(module) {
                return Some(found);
            }
            let globs = self.globs.iter().filter(|(scope, _)| scope == module);
            let more: Vec<_> = globs.map(|(_, all)| all.clone()).collect();
            seen.extend(
                more.into_iter()
                    .filter(|all| !seen.contains(all))
                    .collect::<Vec<_>>(),
            );
            at += 1;
        }
        None
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::read;

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
        let source = read(text, &module);
        let names = Names::new(is_module, [&source]);
        names
            .imports(&source)
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
    fn a_use_goes_through_what_another_brings_in() {
        for text in [
            "use crate::model as nouns;\nuse nouns::time::Unit;",
            // In whatever order.
            "use crate::model as nouns;\nuse things::time::Unit;\nuse nouns as things;",
            "use crate::model as nouns;\nmod tests {\nuse super::*;\nuse nouns::time::Unit; }",
            "use crate::*;\nuse model::time::Unit;",
        ] {
            let found = found(text);
            let last = found
                .iter()
                .any(|found| found.ends_with(" model::time::Unit"));
            assert!(last, "{text}: {found:?}");
        }
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
