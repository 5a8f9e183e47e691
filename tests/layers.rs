//! The picture of layers in the README and the imports in `src/` say the same: rooms stand in the order of the picture and
//! import from lower ones alone, and no files import each other in a circle. The engine's own rooms do likewise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The room or file that the picture begins with, and every one that it names, each on its line.
///
/// A line begins with the names of its rooms, `engine/` or `labels  net/`; what follows says what is in them, and a line
/// that begins with a space goes on with that.
fn picture(readme: &str) -> Vec<Vec<String>> {
    let section = readme.split_once("\n## Architecture\n").unwrap().1;
    let block = section.split_once("```text\n").unwrap().1.split_once("```").unwrap().0;
    let rooms = |line: &str| -> Vec<String> {
        let is_room = |word: &&str| Path::new("src").join(word.trim_end_matches('/')).is_dir() == word.ends_with('/');
        let exists = |word: &&str| {
            let name = word.trim_end_matches('/');
            Path::new("src").join(name).is_dir() || Path::new("src").join(format!("{name}.rs")).is_file()
        };
        let words = line.split_whitespace().take_while(|word| exists(word) && is_room(word));
        words.map(|word| word.trim_end_matches('/').to_owned()).collect()
    };
    block.lines().filter(|line| !line.starts_with(' ')).map(rooms).collect()
}

/// The rooms inside the engine, from above to below, as its lines of the picture name them.
fn rooms_of_the_engine(readme: &str) -> Vec<String> {
    let (_, from_engine) = readme.split_once("\nengine/").unwrap();
    let lines = from_engine.lines().enumerate().take_while(|(at, line)| *at == 0 || line.starts_with(' '));
    let words = lines.flat_map(|(_, line)| line.split_whitespace());
    words.filter_map(|word| word.strip_suffix('/')).map(str::to_owned).collect()
}

/// A file of `src/` by its module path: `oracle/case/mod.rs` is `oracle::case`; `lib.rs` is `lib`.
type Module = Vec<String>;

fn modules() -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new("src").to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix("src").unwrap().with_extension("");
                let mut module: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                if module.last().is_some_and(|last| last == "mod") {
                    module.pop();
                }
                found.insert(module, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The code of a file alone: without comments, without texts in quotes, without the tests in it.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut code = String::new();
    for line in text.lines() {
        let mut in_text = false;
        let mut last = ' ';
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if last != '\'' => in_text = !in_text,
                '\\' if in_text => drop(chars.next()),
                '/' if !in_text && chars.peek() == Some(&'/') => break,
                c if !in_text => code.push(c),
                _ => {}
            }
            last = c;
        }
        code.push('\n');
    }
    code
}

/// Every path of a tree of imports: `a::{b, c::{d, e as f}}` is `a::b`, `a::c::d` and `a::c::e`.
fn paths(tree: &str) -> Vec<Vec<String>> {
    let parts = |text: &str| -> Vec<String> {
        let text = text.split(" as ").next().unwrap_or_default();
        text.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
    };
    let Some((head, rest)) = tree.split_once('{') else { return vec![parts(tree)] };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut branches) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(String::new());
                continue;
            }
            _ => {}
        }
        branches.last_mut().unwrap().push(c);
    }
    let head = parts(head);
    let branches = branches.iter().filter(|branch| !branch.trim().is_empty());
    branches.flat_map(|branch| paths(branch)).map(|path| [head.clone(), path].concat()).collect()
}

/// What a file names, of this crate and others: in `use`, and by paths elsewhere.
fn named(text: &str) -> Vec<Vec<String>> {
    let code = code(text);
    let mut found = Vec::new();
    let mut rest = code.as_str();
    let mut outside = String::new();
    while let Some((before, after)) = rest.split_once("use ") {
        outside.push_str(before);
        // `use<'a>` captures; a name may end in `use `.
        let is_import = before.is_empty() || before.ends_with(['\n', ' ', '}', ';']);
        let (import, left) = after.split_once(';').unwrap_or((after, ""));
        if is_import {
            found.extend(paths(import));
            rest = left;
        } else {
            rest = after;
        }
    }
    outside.push_str(rest);
    // `pub(in crate::oracle)` says who sees, and imports nothing.
    let outside = outside.replace("pub(in crate::", "pub(in ");
    for word in outside.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        if word.contains("::") {
            found.extend(paths(word));
        }
    }
    found
}

/// The file that a path of another one leads to, as far as it stays in the crate.
fn target(from: &Module, path: &[String], modules: &BTreeMap<Module, String>) -> Option<Module> {
    let mut at = from.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            at.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {}
        // A child of the file's own; else another crate's.
        child => {
            let child = [from.as_slice(), &[child.to_owned()]].concat();
            if !modules.contains_key(&child) {
                return None;
            }
        }
    }
    while rest.first().is_some_and(|part| part == "super") {
        at.pop();
        rest = &rest[1..];
    }
    at.extend(rest.iter().cloned());
    // The longest part that is a file; what follows is in it. What is re-exported at the root is the root's.
    while !at.is_empty() && !modules.contains_key(&at) {
        at.pop();
    }
    Some(if at.is_empty() { vec!["lib".to_owned()] } else { at })
}

fn imports(modules: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let of = |(module, text): (&Module, &String)| {
        let base = if module == &["lib"] { Vec::new() } else { module.clone() };
        let targets = named(text).into_iter().filter_map(|path| target(&base, &path, modules));
        (module.clone(), targets.filter(|target| target != module).collect())
    };
    modules.iter().map(of).collect()
}

/// Imports that do not point down: to a room that stands no lower, or that the picture does not have.
fn upward(layers: &[Vec<String>], imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let layer = |module: &Module| layers.iter().position(|layer| layer.contains(&module[0]));
    let mut found = Vec::new();
    for (from, targets) in imports.iter().filter(|(from, _)| *from != &["lib"]) {
        for to in targets.iter().filter(|to| to[0] != from[0]) {
            if !matches!((layer(from), layer(to)), (Some(from), Some(to)) if to > from) {
                found.push(format!("{} imports {}", from.join("::"), to.join("::")));
            }
        }
    }
    found
}

/// The files from which an import leads back to themselves, with the imports that do, circle by circle.
fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .keys()
        .map(|from| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(at) = open.pop() {
                open.extend(imports.get(at).into_iter().flatten().filter(|next| seen.insert(*next)));
            }
            (from, seen)
        })
        .collect();
    let mut found = Vec::new();
    for (from, targets) in imports {
        let back = |to: &&Module| reached.get(to).is_some_and(|reached| reached.contains(from));
        found.extend(targets.iter().filter(back).map(|to| format!("{} imports {}", from.join("::"), to.join("::"))));
    }
    found
}

#[test]
fn the_picture_has_every_room() {
    let layers = picture(include_str!("../README.md"));
    let drawn: Vec<&String> = layers.iter().flatten().collect();
    let not_a_room = ["lib", "_documentation"]; // the root, and pages without code
    let there: BTreeSet<String> =
        modules().keys().map(|module| module[0].clone()).filter(|name| !not_a_room.contains(&&**name)).collect();
    assert_eq!(drawn.iter().copied().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(drawn.len(), there.len(), "each is drawn once: {drawn:?}");
}

#[test]
fn imports_point_down() {
    let layers = picture(include_str!("../README.md"));
    let found = upward(&layers, &imports(&modules()));
    assert!(found.is_empty(), "the picture of layers in README.md has these otherwise:\n{}", found.join("\n"));
}

#[test]
fn the_rooms_of_the_engine_import_down() {
    let rooms = rooms_of_the_engine(include_str!("../README.md"));
    let folders = fs::read_dir("src/engine").unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let there: BTreeSet<String> = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(rooms.iter().cloned().collect::<BTreeSet<_>>(), there);
    let layers: Vec<Vec<String>> = rooms.into_iter().map(|room| vec![room]).collect();
    // Files that stand in no room, `ids` and `snapshot`, are everybody's.
    let inside = |module: &Module| (module[0] == "engine" && module.len() > 2).then(|| module[1..].to_vec());
    let of_rooms = |targets: &BTreeSet<Module>| targets.iter().filter_map(inside).collect::<BTreeSet<Module>>();
    let imports = imports(&modules());
    let inner = imports.iter().filter_map(|(from, targets)| Some((inside(from)?, of_rooms(targets)))).collect();
    let found = upward(&layers, &inner);
    assert!(found.is_empty(), "the engine's lines in README.md have these otherwise:\n{}", found.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(&imports(&modules()));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_definition_and_the_engine_share_no_code() {
    let imports = imports(&modules());
    for (room, other) in [("reference", "engine"), ("engine", "reference")] {
        let of_room = imports.iter().filter(|(from, _)| from[0] == room);
        let found: Vec<_> = of_room.filter(|(_, targets)| targets.iter().any(|to| to[0] == other)).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

/// Files as they would be read, to see the checks fail.
fn planted(files: &[(&str, &str)]) -> BTreeMap<Module, BTreeSet<Module>> {
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    imports(&files.iter().map(|(path, text)| (module(path), (*text).to_owned())).collect())
}

#[test]
fn a_planted_upward_import_is_found() {
    let layers = [vec!["engine".to_owned()], vec!["model".to_owned(), "net".to_owned()]];
    let found = |model: &str| {
        upward(&layers, &planted(&[("engine", "use crate::model::flow::Flow;"), ("model::flow", model), ("net", "")]))
    };
    assert!(found("").is_empty());
    assert_eq!(
        found("use crate::{\n    engine::Engine,\n    other::Thing};"),
        ["model::flow imports engine", "model::flow imports lib"]
    );
    assert_eq!(found("fn f() -> super::super::engine::Engine {}"), ["model::flow imports engine"]);
    assert_eq!(found("pub(in crate::engine) use crate::net::Port;"), ["model::flow imports net"], "one layer");
    assert_eq!(found("use crate::Engine;"), ["model::flow imports lib"], "the root re-exports upper rooms");
    assert!(found("// use crate::engine::Engine;\nconst A: &str = \"crate::engine\";").is_empty());
    assert!(found("#[cfg(test)]\nmod tests {\n    use crate::engine::Engine;\n}").is_empty());
}

#[test]
fn a_planted_circle_is_found() {
    let two = planted(&[("net", "pub use cidr::Cidr;\nmod cidr;"), ("net::cidr", "use super::Family;")]);
    assert_eq!(circles(&two), ["net imports net::cidr", "net::cidr imports net"]);
    let three = planted(&[
        ("a::x", "use super::y::Y;"),
        ("a::y", "use crate::a::{z::{Z, W as V}};"),
        ("a::z", "fn f(_: &crate::a::x::X) {}"),
        ("a::w", "use super::x::X;"),
    ]);
    assert_eq!(circles(&three).len(), 3, "{three:?}");
    assert!(
        circles(&planted(&[("a", "mod x;\npub use x::X;"), ("a::x", "use super::y::Y;"), ("a::y", "")])).is_empty()
    );
}
