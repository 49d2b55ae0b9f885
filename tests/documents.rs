//! Documents as a user meets them: files with mistakes, files of newer versions, files saved again.

use std::fs;
use std::path::{Path, PathBuf};

use vivarium::model::document::{Document, VERSION};
use vivarium::model::id::ComponentId;
use vivarium::store::document::{DocumentError, document_text, parse_document, read_document, write_document};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/documents").join(name)
}

/// The error of a broken fixture.
fn error_of(name: &str) -> DocumentError {
    match read_document(&fixture(name)) {
        Ok(_) => panic!("{name} was read without a complaint"),
        Err(error) => error,
    }
}

fn expect_mistake(name: &str, at: (usize, usize), in_field: &str, phrase: &str) {
    let error = error_of(name);
    let sentence = error.to_string();
    let DocumentError::Mistake { line, column, field, problem, .. } = error else {
        panic!("{name}: another kind of error: {sentence}");
    };
    assert_eq!((line, column), at, "{name}: {sentence}");
    assert_eq!(field, in_field, "{name}: {sentence}");
    assert!(problem.contains(phrase), "{name}: {sentence}");
    assert!(sentence.contains(name) && sentence.contains(&format!("line {line}, column {column}")), "{sentence}");
    assert!(sentence.contains("nothing in it was changed"), "{sentence}");
}

#[test]
fn mistakes_are_told_with_line_column_and_field() {
    expect_mistake(
        "unknown_unit.ron",
        (14, 76),
        "components[pool].facts[pool.2].unit",
        "unknown unit \"furlong\" (known: B, kB",
    );
    expect_mistake("unknown_metric.ron", (3, 13), "rules[r1].condition.metric", "unknown metric \"cpu.magic\"");
    expect_mistake(
        "wrong_word.ron",
        (4, 54),
        "edges[e2].kind",
        "\"Flood\" is none of Flow, Control, Feedback, Learning",
    );
    expect_mistake("number_instead_of_text.ron", (4, 12), "title", "expected a text in quotes, found the number 12");
    expect_mistake(
        "text_instead_of_number.ron",
        (2, 60),
        "horizons[h].weeks",
        "expected a number, found the text \"two\"",
    );
    expect_mistake(
        "number_without_a_word.ron",
        (3, 42),
        "components[c].facts[c.1].value",
        "expected a word such as Exact or Critical, found `12`",
    );
    expect_mistake("group_instead_of_list.ron", (2, 10), "groups", "expected a list in [ ], found a group in ( )");
    expect_mistake("missing_field.ron", (6, 9), "components[pool]", "the field `title` is missing");
    expect_mistake("missing_title_of_the_document.ron", (1, 1), "", "the field `title` is missing");
    expect_mistake("field_twice.ron", (5, 36), "groups[g]", "the field `title` is given twice");
    expect_mistake("range_with_one_end.ron", (2, 55), "targets[x].value", "with 2 elements, found 1");
    expect_mistake("too_large_number.ron", (2, 94), "components[c].code.lines", "too large");
}

#[test]
fn broken_text_is_told_at_the_place_to_mend() {
    expect_mistake("missing_comma.ron", (5, 5), "", "a comma is missing before `about`");
    expect_mistake("missing_quote.ron", (6, 26), "groups[g, title: ]", "a comma is missing before `G`");
    expect_mistake("missing_last_quote.ron", (4, 12), "title", "has no closing quote");
    expect_mistake("missing_bracket.ron", (7, 1), "groups", "`)` does not close the `[` of line 5, column 13");
    expect_mistake("cut_off.ron", (5, 13), "groups", "this `[` is never closed");
    expect_mistake("comment_without_end.ron", (3, 5), "", "no end (*/)");
    expect_mistake("something_after_the_end.ron", (2, 1), "", "nothing may follow the end");
    expect_mistake("unknown_extension.ron", (1, 1), "", "no RON extension named `implicit_none`");
}

#[test]
fn other_files_are_told_apart() {
    for (name, phrase) in [
        ("no_format.ron", "it has no field `format`"),
        ("other_format.ron", "its format is \"aquarium\""),
        ("json.ron", "does not begin with a group in ( )"),
        ("empty.ron", "it is empty"),
    ] {
        let error = error_of(name);
        assert!(matches!(error, DocumentError::NotADocument { .. }), "{name}: {error}");
        let sentence = error.to_string();
        assert!(sentence.contains(phrase) && sentence.contains("A document begins with (format: "), "{sentence}");
    }
    let error = error_of("latin1.ron");
    assert!(matches!(error, DocumentError::NotUtf8 { line: 2, column: 11, .. }), "{error}");
}

#[test]
fn versions_are_told_apart() {
    let error = error_of("newer_version.ron");
    assert!(matches!(error, DocumentError::Newer { version: 7, .. }), "{error}");
    assert!(error.to_string().contains("version 7") && error.to_string().contains("newer Vivarium"), "{error}");
    expect_mistake("version_0.ron", (1, 39), "version", "there is no version 0");
    expect_mistake("version_in_words.ron", (2, 11), "version", "expected a version, a whole number, found \"one\"");
}

#[test]
fn what_can_not_be_read_is_told_with_a_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read_document(&folder.path().join("none.ron")).unwrap_err().to_string();
    assert!(missing.contains("none.ron can't be read: there is no such file"), "{missing}");
    let is_folder = read_document(folder.path()).unwrap_err().to_string();
    assert!(is_folder.contains("it is a folder"), "{is_folder}");
    let large = folder.path().join("large.ron");
    fs::File::create(&large).unwrap().set_len(64_000_001).unwrap();
    let large = read_document(&large).unwrap_err().to_string();
    assert!(large.contains("larger than a document may be (64 MB)"), "{large}");
}

#[test]
fn bottomless_nesting_is_refused() {
    let text = |inner: String| format!("(format: \"vivarium-session\", version: 1, title: \"t\", x: {inner})");
    for depth in [100, 100_000] {
        for open in ["[", "(", "Some(", "{1:"] {
            let error = parse_document(&text(open.repeat(depth)), "deep.ron").unwrap_err().to_string();
            assert!(error.contains("nested deeper than 64"), "{error}");
        }
    }
    let fits = text(format!("{}1{}", "Some(".repeat(60), ")".repeat(60)));
    assert_eq!(parse_document(&fits, "deep.ron").unwrap().unknown.len(), 1);
}

#[test]
fn version_1_opens_and_survives_saving() {
    let loaded = read_document(&fixture("version_1.ron")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.warnings, Vec::<String>::new());
    assert_eq!(loaded.document.version, VERSION);
    assert_eq!(loaded.document.components.len(), 5);
    assert_eq!(loaded.document.about, "A \"shop\" with one queue.\nIt isn't real. 🌱");

    let text = document_text(&loaded.document, &loaded.unknown).unwrap();
    let again = parse_document(&text, "again.ron").unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.document, loaded.document);
    assert_eq!(document_text(&again.document, &again.unknown).unwrap(), text);
}

#[test]
fn text_is_made_to_be_read() {
    let loaded = read_document(&fixture("version_1.ron")).unwrap();
    let text = document_text(&loaded.document, &loaded.unknown).unwrap();
    for line in [
        "#![enable(implicit_some)]",
        "    format: \"vivarium-session\",",
        r#"    about: "A \"shop\" with one queue.\nIt isn't real. 🌱","#,
        r#"                (item: "S-Till.04", label: "all memory", value: Range(2.0, 4.0), unit: "GB"),"#,
        r#"        (id: "S-Owner", title: "Owner", kind: Control),"#,
    ] {
        assert!(text.lines().any(|written| written == line), "no line {line} in\n{text}");
    }
    let fields = ["format:", "title:", "groups:", "components:", "rules:", "pipeline:", "insights:"];
    let places: Vec<_> = fields.iter().map(|field| text.find(&format!("\n    {field}")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(120), "{longest:?}");
}

#[test]
fn unknown_fields_are_named_and_kept_through_edits() {
    let mut loaded = read_document(&fixture("unknown_fields.ron")).unwrap_or_else(|error| panic!("{error}"));
    let named: Vec<&str> = loaded.warnings.iter().filter_map(|warning| warning.split('`').nth(1)).collect();
    assert_eq!(
        named,
        [
            "mood",
            "groups[g].shade",
            "components[till].colour",
            "components[till].code.commit",
            "components[till].facts[till.2].weight",
            "components[till].facts[till.2 #2].weight",
            "components[till].facts[till.3].id",
            "components[till].facts[till.3].as",
            "components[owner].selectors[1].depth",
            "components[pool].colour",
            "last",
        ]
    );
    assert_eq!(
        loaded.warnings[2],
        "unknown field `components[till].colour` kept as it is (written by a newer version?)"
    );

    loaded.document.components.swap(0, 2);
    loaded.document.components.retain(|component| component.id != ComponentId::from("owner"));
    loaded.document.components[1].facts.rotate_left(2);
    loaded.document.components[1].title = String::from("Cash desk");
    let text = document_text(&loaded.document, &loaded.unknown).unwrap();
    for piece in [
        "version: 1,\n    mood: Calm(level: 3, /* not ) the end */ since: \"noon\"),\n    title:",
        "groups: [(id: \"g\", title: \"G\", shade: [1, 2])]",
        "(id: \"pool\", title: \"Pool\", kind: System, colour: \"blue\")",
        "id: \"till\",\n            colour: \"red\",\n            title: \"Cash desk\"",
        "place: \"till.erl\", commit: r#\"ab\"c\"#)",
        "label: \"a\", value: Exact(1.0), unit: \"s\", weight: 0.5)",
        "label: \"b\", value: Exact(2.0), unit: \"s\", weight: 0.7)",
        "(item: \"till.3\", id: \"f3\", label: \"c\", value: Exact(3.0), unit: \"s\", r#as: {\"k\": (1, 'x')})",
        "    last: None,\n)",
    ] {
        assert!(text.contains(piece), "no {piece} in\n{text}");
    }
    assert!(!text.contains("depth"), "{text}");

    let again = parse_document(&text, "again.ron").unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.document, loaded.document);
    assert_eq!(again.unknown.len(), loaded.unknown.len() - 1);
    assert_eq!(document_text(&again.document, &again.unknown).unwrap(), text);
}

#[test]
fn text_of_other_editors_is_the_same_document() {
    let text = fs::read_to_string(fixture("version_1.ron")).unwrap();
    let expected = parse_document(&text, "unix.ron").unwrap();
    let windows = format!("\u{FEFF}{}", text.replace('\n', "\r\n"));
    assert_eq!(parse_document(&windows, "windows.ron").unwrap(), expected);
}

#[test]
fn many_unknown_fields_are_summed_up() {
    let fields: String = (0..250).map(|n| format!("extra{n}: {n}, ")).collect();
    let text = format!("(format: \"vivarium-session\", version: 1, title: \"t\", {fields})");
    let loaded = parse_document(&text, "many.ron").unwrap();
    assert_eq!(loaded.unknown.len(), 250);
    assert_eq!(loaded.warnings.len(), 101);
    assert_eq!(loaded.warnings[100], "150 more unknown fields kept as they are");
}

#[test]
fn saving_replaces_the_file_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.ron");
    let loaded = read_document(&fixture("unknown_fields.ron")).unwrap();
    write_document(&path, &loaded.document, &loaded.unknown).unwrap();
    assert_eq!(read_document(&path).unwrap(), loaded);

    write_document(&path, &Document::new("Other"), &Default::default()).unwrap();
    assert_eq!(read_document(&path).unwrap().document.title, "Other");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["session.ron"], "something was left behind");
}

#[cfg(unix)]
#[test]
fn saving_keeps_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.ron");
    let link = folder.path().join("link.ron");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&path, &link).unwrap();
    write_document(&link, &Document::new("New"), &Default::default()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read_document(&path).unwrap().document.title, "New");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let error = write_document(&path, &Document::new("Newer"), &Default::default()).unwrap_err().to_string();
    assert!(error.contains("it is read-only") && error.contains("What was there before is still there"), "{error}");
    assert_eq!(read_document(&path).unwrap().document.title, "New");
    let nowhere = write_document(&folder.path().join("no/such.ron"), &Document::new("x"), &Default::default());
    assert!(nowhere.unwrap_err().to_string().contains("can't be written"));
}

/// A text that came through is a document that can be saved and read again.
fn try_text(text: &str) {
    if let Ok(loaded) = parse_document(text, "broken.ron") {
        let written = document_text(&loaded.document, &loaded.unknown).unwrap();
        let again = parse_document(&written, "again.ron").unwrap_or_else(|error| panic!("{error}\n{text}\n{written}"));
        assert_eq!(again.unknown.len(), loaded.unknown.len(), "{text}\n{written}");
    }
}

#[test]
fn damaged_documents_never_do_harm() {
    let text = fs::read_to_string(fixture("unknown_fields.ron")).unwrap();
    assert!(text.is_ascii(), "so that every place is a place between characters");
    for at in 0..text.len() {
        try_text(&text[..at]);
        try_text(&format!("{}{}", &text[..at], &text[at + 1..]));
        let byte = text.as_bytes()[at];
        for other in [byte ^ 1, byte ^ 8, b'(', b'"', b':', b'/', b',', b'\''] {
            let other = if other.is_ascii() { char::from(other) } else { '\0' };
            try_text(&format!("{}{other}{}", &text[..at], &text[at + 1..]));
        }
    }
}
