//! ETS tables.

use super::fields::{atom, field, lines, number, pid, text};
use super::index::{Index, Tag};
use crate::source::terms::Pid;

/// More tables than this had no node.
const MAX_TABLES: usize = 2_000_000;

/// Lines of one table's section that are looked at.
const MAX_LINES: usize = 100;

/// One table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its number in the runtime, an address; tells tables of the same name apart.
    pub slot: u64,
    /// Its name.
    pub name: String,
    /// Who owns it; nobody owns tables of the runtime itself.
    pub owner: Option<Pid>,
    /// Whether it is one of the runtime's own.
    pub is_internal: bool,
    /// Rows.
    pub objects: u64,
    /// Its memory.
    pub words: u64,
    /// `set`, `ordered_set`, `bag`, `duplicate_bag`.
    pub kind: Option<String>,
    /// `public`, `protected`, `private`.
    pub protection: Option<String>,
    /// Whether rows are kept compressed.
    pub compressed: Option<String>,
    /// Option `read_concurrency`.
    pub read_concurrency: Option<String>,
    /// Option `write_concurrency`.
    pub write_concurrency: Option<String>,
}

/// All tables.
pub(super) fn read_all(bytes: &[u8], index: &Index) -> Vec<Table> {
    let own = index.of(bytes, Tag::Ets).map(|section| (section, false));
    let internal = index.of(bytes, Tag::InternalEts).map(|section| (section, true));
    own.chain(internal)
        .take(MAX_TABLES)
        .map(|(section, is_internal)| {
            let mut table = Table { owner: pid(section.argument), is_internal, ..Table::default() };
            if is_internal {
                table.name = text(section.argument.strip_prefix(b" ").unwrap_or(section.argument));
            }
            for (key, value) in lines(section.body).take(MAX_LINES).filter_map(field) {
                match key {
                    b"Slot" => table.slot = number(value).unwrap_or(0),
                    b"Name" => table.name = atom(value),
                    // Of a table without a name this is its number.
                    b"Table" if table.name.is_empty() => table.name = atom(value),
                    b"Objects" => table.objects = number(value).unwrap_or(0),
                    b"Words" => table.words = number(value).unwrap_or(0),
                    b"Type" => table.kind = Some(text(value)),
                    b"Ordered set (AVL tree), Elements" => {
                        table.kind.get_or_insert_with(|| "ordered_set".to_owned());
                    }
                    b"Protection" => table.protection = Some(text(value)),
                    b"Compressed" => table.compressed = Some(text(value)),
                    b"Read Concurrency" => table.read_concurrency = Some(text(value)),
                    b"Write Concurrency" => table.write_concurrency = Some(text(value)),
                    _ => {}
                }
            }
            table
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_new_and_old_dumps_are_read() {
        // The first as OTP 25 writes it, the second as R15 did.
        let text = "=ets:<0.42.0>\nSlot: 94222570258880\nTable: logger\nName: logger\nBuckets: 256\nObjects: 3\nWords: 3593\n\
            Type: set\nProtection: protected\nCompressed: false\nWrite Concurrency: true\nRead Concurrency: true\n\
            =ets:<0.9.0>\nSlot: 12\nTable: 4107\nName: 'my table'\nOrdered set (AVL tree), Elements: 7\nObjects: 7\nWords: 90\n\
            =internal_ets: 1\nSlot: 5\nTable: x\nWords: 8\n=end\n";
        let tables = read_all(text.as_bytes(), &Index::build(text.as_bytes()));
        let [first, second, third] = tables.as_slice() else { panic!("{tables:?}") };
        assert_eq!((first.name.as_str(), first.owner.map(|pid| pid.id), first.words), ("logger", Some(42), 3593));
        assert_eq!((first.read_concurrency.as_deref(), first.kind.as_deref()), (Some("true"), Some("set")));
        assert_eq!(
            (second.name.as_str(), second.objects, second.kind.as_deref()),
            ("my table", 7, Some("ordered_set"))
        );
        assert!(third.is_internal && third.owner.is_none());
    }
}
