//! The files of `src` do not import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The names in a path of code, such as `["intake", "decode"]` for the file `src/intake/decode/mod.rs`.
type Names = Vec<String>;
/// The paths in the code of each file.
type Files = BTreeMap<Names, Vec<Names>>;

/// An import is any path above the unit tests of a file that leads to an item of another file. Re-exports are followed
/// to the file that defines the item, so nothing imports a parent that only declares and re-exports. A parent and a
/// submodule that uses it are one unit in two files: they are a circle only together with other files.
#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let mut files = Files::new();
    read(Path::new("src"), &mut files);
    assert!(files.len() > 150, "only {} files were found", files.len());
    let mut imports = BTreeSet::new();
    for (file, paths) in &files {
        let found = paths
            .iter()
            .filter_map(|path| resolve(file, path, &files, 0));
        imports.extend(found.filter(|to| to != file).map(|to| (file, to)));
    }
    let is_unit = |(file, to): &(&Names, Names)| {
        to.starts_with(file)
            && imports
                .iter()
                .any(|(other, parent)| *other == to && parent == *file)
    };
    let imports: Vec<_> = imports.iter().filter(|import| !is_unit(import)).collect();
    let leads_back = |(file, to): &&&(&Names, Names)| {
        let mut reached = vec![to];
        let mut next = 0;
        while let Some(from) = reached.get(next).copied() {
            let further = imports
                .iter()
                .filter(|(file, _)| *file == from)
                .map(|(_, to)| to);
            let new: Vec<_> = further.filter(|to| !reached.contains(to)).collect();
            reached.extend(new);
            next += 1;
        }
        reached.contains(file)
    };
    let found = imports.iter().filter(leads_back);
    let found = found.map(|(file, to)| format!("{} -> {}", file.join("/"), to.join("/")));
    let circles: Vec<_> = found.collect();
    assert!(
        circles.is_empty(),
        "files import each other in a circle: {circles:#?}"
    );
}

fn read(folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            read(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("a text");
            let code = text
                .split("#[cfg(test)]\nmod tests")
                .next()
                .expect("a part");
            let lines = code
                .lines()
                .map(|line| line.split("//").next().expect("a part"));
            let module = path
                .with_extension("")
                .display()
                .to_string()
                .replace('/', "::");
            let mut module = names(&module, &[]);
            module.pop_if(|name| name == "lib" || name == "mod");
            files.insert(
                module.split_off(1),
                paths(&lines.collect::<Vec<_>>().join("\n")),
            );
        }
    }
}

fn names(path: &str, above: &[String]) -> Names {
    let names = path.split("::").filter(|name| !name.is_empty());
    above
        .iter()
        .cloned()
        .chain(names.map(str::to_owned))
        .collect()
}

fn paths(code: &str) -> Vec<Names> {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let paths = words.filter(|word| word.contains("::"));
    let mut found = paths.map(|path| names(path, &[])).collect();
    let uses = code
        .split(';')
        .filter_map(|statement| statement.rsplit_once("use "));
    uses.for_each(|(_, tree)| expand(tree.trim(), &[], &mut found));
    found
}

/// Adds the paths of a tree such as `a::{b, c::{self, d}}`.
fn expand(tree: &str, above: &[String], found: &mut Vec<Names>) {
    if let Some((path, branches)) = tree.strip_suffix('}').and_then(|it| it.split_once('{')) {
        let mut depth = 0;
        let is_end = |c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        };
        let above = names(path, above);
        branches
            .split(is_end)
            .for_each(|branch| expand(branch.trim(), &above, found));
    } else if let Some(path) = tree.split_whitespace().next() {
        let mut path = names(path, above);
        path.pop_if(|name| name == "self");
        found.push(path);
    }
}

/// Finds the file that defines the item at the end of a path. None for an item of another crate.
fn resolve(from: &Names, path: &[String], files: &Files, depth: usize) -> Option<Names> {
    let used = |at: &Names, rest: &[String]| {
        let mut uses = files[at]
            .iter()
            .filter(|path| depth < 9 && path.last() == rest.first());
        resolve(at, &[uses.next()?, &rest[1..]].concat(), files, depth + 1)
    };
    let supers = path.iter().take_while(|name| *name == "super").count();
    let mut rest = &path[supers..];
    let mut at = from[..from.len().checked_sub(supers)?].to_vec();
    match rest.first()?.as_str() {
        "crate" => (at, rest) = (Names::new(), &rest[1..]),
        "self" => rest = &rest[1..],
        name if supers == 0 && !files.contains_key(&names(name, &at)) => return used(&at, rest),
        _ => {}
    }
    while let Some(name) = rest
        .first()
        .filter(|name| files.contains_key(&names(name, &at)))
    {
        (at, rest) = (names(name, &at), &rest[1..]);
    }
    rest.first()?;
    used(&at, rest).or(Some(at))
}
