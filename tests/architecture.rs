//! Holds the rooms of the program to the arrows of ARCHITECTURE.md: who may use whom, and which crate appears where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room and the rooms that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("store", &["model"]),
    ("source", &["model"]),
    ("analysis", &["model"]),
    ("whatif", &["analysis", "model"]),
    ("plan", &["whatif", "analysis", "model"]),
    ("state", &["plan", "whatif", "analysis", "model"]),
    ("session", &["store", "source", "state", "plan", "whatif", "analysis", "model"]),
    ("ui", &["state", "plan", "whatif", "analysis", "model"]),
    ("export", &["ui", "state", "plan", "whatif", "analysis", "model"]),
    ("app", &["ui", "state", "session", "export", "source", "store", "plan", "whatif", "analysis", "model"]),
    ("cli", &["session", "state", "export", "source", "store", "plan", "whatif", "analysis", "model"]),
];

/// A crate and the places, as beginnings of paths under `src/`, that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("egui", &["ui/", "app/", "export/picture"]),
    ("eframe", &["app/"]),
    ("sysinfo", &["source/host.rs", "source/process.rs", "source/sysinfo_reader.rs"]),
    ("erl_dist", &["source/beam/"]),
    ("futures", &["source/beam/"]),
    ("rfd", &["app/"]),
    ("rusqlite", &["store/"]),
    ("pco", &["store/"]),
    ("clap", &["cli/", "main.rs"]),
    ("resvg", &["export/"]),
    ("parquet", &["export/"]),
];

/// Only `export/picture` draws views.
const UI_FROM_EXPORT: &str = "export/picture";

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("it lies in src").to_string_lossy().replace('\\', "/");
                files.push((name, std::fs::read_to_string(&path).expect("sources are text")));
            }
        }
    }
    files.sort();
    files
}

/// The code without comments and without what tests bring along.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{}\n", line.split(" // ").next().unwrap_or_default())).collect()
}

/// The words that follow `prefix` as the first part of a path, also inside `use crate::{…}`.
fn rooms_used(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = true;
            for (index, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => item = true,
                    c if item && depth == 0 && !c.is_whitespace() => {
                        rooms.insert(word(&list[index..]));
                        item = false;
                    }
                    _ => {}
                }
            }
        } else {
            rooms.insert(word(rest));
        }
    }
    rooms
}

fn violations(files: &[(String, String)]) -> Vec<String> {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let mut found = Vec::new();
    for (name, text) in files {
        let code = code(text);
        let room = name.split(['/', '.']).next().unwrap_or_default();
        if room != "main" && room != "lib" {
            let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == room) else {
                found.push(format!("{name}: the room `{room}` is not in the map"));
                continue;
            };
            for used in rooms_used(&code).iter().filter(|used| known.contains(used.as_str())) {
                let forbidden = used != room && !allowed.contains(&used.as_str());
                let only_pictures = room == "export" && used == "ui" && !name.starts_with(UI_FROM_EXPORT);
                if forbidden || only_pictures {
                    found.push(format!("{name}: `{room}` may not use `{used}`"));
                }
            }
        }
        for (krate, places) in CRATES {
            let named = [format!("{krate}::"), format!("use {krate};")].iter().any(|form| names(&code, form));
            if named && !places.iter().any(|place| name.starts_with(place)) {
                found.push(format!("{name}: the crate `{krate}` belongs to {places:?}"));
            }
        }
    }
    found
}

/// Whether `form` stands in the code as a path of its own, not as the end of a longer name.
fn names(code: &str, form: &str) -> bool {
    code.match_indices(form).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        !(before.is_alphanumeric() || before == '_' || before == ':')
    })
}

#[test]
fn rooms_use_only_whom_they_may() {
    let found = violations(&sources());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_room_of_the_map_exists() {
    let files = sources();
    for (room, _) in ARROWS {
        assert!(files.iter().any(|(name, _)| name.starts_with(&format!("{room}/"))), "no room {room}");
    }
}

#[test]
fn planted_violations_are_found() {
    let planted = [
        ("model/planted.rs", "use crate::store::recording;"),
        ("analysis/planted.rs", "use crate::{model::time, ui::theme};"),
        ("export/html.rs", "fn f() { crate::ui::shell::shell_ui(); }"),
        ("state/planted.rs", "fn f(ui: &mut egui::Ui) {}"),
        ("ui/planted.rs", "use rusqlite::Connection;"),
        ("session/planted.rs", "use crate::app::App;"),
        ("cellar/planted.rs", "fn f() {}"),
    ];
    for (name, text) in planted {
        let found = violations(&[(name.to_owned(), text.to_owned())]);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
}

#[test]
fn what_is_allowed_is_not_complained_about() {
    let fine = [
        ("export/picture/svg.rs", "use crate::ui::theme; use egui::Shape;"),
        ("store/recording/writer.rs", "use rusqlite::Connection; // crate::app::App"),
        ("ui/views/map.rs", "#[cfg(test)]\nmod tests { use crate::store::bundled; }"),
    ];
    for (name, text) in fine {
        assert_eq!(violations(&[(name.to_owned(), text.to_owned())]), Vec::<String>::new());
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "cut by subject: {}", long.join(", "));
}
