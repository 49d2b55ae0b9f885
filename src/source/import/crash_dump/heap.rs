//! The terms that a process left: found by their address, as text of bounded length and as sizes, at bounded cost.

use std::collections::HashSet;

use memchr::memmem;

use super::fields::{hex, lines, text, text_of};
use super::terms::{Element, Object, Part, decode};

/// More objects of one process are not found by their address; 32 MB of our memory.
const MAX_OBJECTS: usize = 2_000_000;

/// A term as text visits so many objects at most.
const MAX_SHOWN_OBJECTS: usize = 200;

/// Nesting that is shown.
const MAX_DEPTH: usize = 12;

/// Bytes of a binary that are shown, if they are text.
const MAX_SHOWN_BYTES: usize = 64;

/// Elements of one list, tuple or map that are shown.
const MAX_SHOWN_ELEMENTS: usize = 20;

/// Where the objects of a section are.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// Addresses with offsets into the section, in order of addresses.
    by_address: Vec<(u64, u64)>,
    /// Whether there were more than are kept.
    pub is_full: bool,
}

impl Objects {
    /// Of a `=proc_heap` or `=literals` section.
    pub fn of(body: &[u8]) -> Self {
        let mut by_address = Vec::new();
        let mut is_full = false;
        for line in lines(body) {
            let Some((address, rest)) = hex(line) else { continue };
            if !rest.starts_with(b":") {
                continue;
            }
            if by_address.len() >= MAX_OBJECTS {
                is_full = true;
                break;
            }
            // `lines` yields slices of `body`.
            let at = (rest.as_ptr() as usize).wrapping_sub(body.as_ptr() as usize) + 1;
            by_address.push((address, at as u64));
        }
        by_address.sort_unstable();
        Self { by_address, is_full }
    }

    fn find<'a>(&self, body: &'a [u8], address: u64) -> Option<&'a [u8]> {
        let found = self.by_address.binary_search_by_key(&address, |(at, _)| *at).ok()?;
        let at = usize::try_from(self.by_address.get(found)?.1).ok()?;
        lines(body.get(at..)?).next()
    }
}

/// A heap that is looked through without having been indexed; for a few looks only.
pub(super) fn scan(body: &[u8], address: u64) -> Option<&[u8]> {
    let needle = format!("\n{address:X}:");
    let begins = body.starts_with(&needle.as_bytes()[1..]);
    let at = if begins { 0 } else { memmem::find(body, needle.as_bytes())? + 1 };
    lines(body.get(at + needle.len() - 1..)?).next()
}

/// What a term takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TermSize {
    /// Words on the process' heap; what several parts share counts once, literals not at all.
    pub heap_words: u64,
    /// Bytes of binaries elsewhere that it keeps alive; one that several parts keep counts once.
    pub off_heap_bytes: u64,
    /// Whether all of it could be looked at.
    pub is_complete: bool,
}

/// A process' heap together with the literals that its terms refer to.
pub(super) struct Heap<'a> {
    pub body: &'a [u8],
    pub objects: &'a Objects,
    pub literals: &'a [u8],
    pub literal_objects: &'a Objects,
    /// The bytes of a binary beside the heap, by its address, as they are encoded.
    pub binary: &'a dyn Fn(u64) -> Option<&'a [u8]>,
    pub is_base64: bool,
    pub word_bytes: u64,
}

impl<'a> Heap<'a> {
    fn own(&self, address: u64) -> Option<Object<'a>> {
        Object::read(self.objects.find(self.body, address)?)
    }

    fn object(&self, address: u64) -> Option<Object<'a>> {
        self.own(address).or_else(|| Object::read(self.literal_objects.find(self.literals, address)?))
    }

    /// Walks a term; looks at no more objects than `budget`, which it uses up. Objects in `seen` were counted before.
    pub fn size(&self, term: Element<'_>, seen: &mut HashSet<u64>, budget: &mut usize) -> TermSize {
        let mut size = TermSize { is_complete: true, ..TermSize::default() };
        let mut waiting = vec![];
        let push = |waiting: &mut Vec<u64>, size: &mut TermSize, element: &Element<'_>| match element {
            Element::Pointer(address) => waiting.push(*address),
            Element::External(bytes) => {
                size.heap_words = size.heap_words.saturating_add(bytes.div_ceil(self.word_bytes))
            }
            _ => {}
        };
        push(&mut waiting, &mut size, &term);
        while let Some(address) = waiting.pop() {
            if !seen.insert(address) {
                continue;
            }
            let Some(left) = budget.checked_sub(1) else {
                size.is_complete = false;
                break;
            };
            *budget = left;
            let Some(object) = self.own(address) else {
                // A literal is nobody's own; anything else was lost.
                size.is_complete &= self.literal_objects.find(self.literals, address).is_some();
                continue;
            };
            let words = match &object {
                Object::Cons(head, tail) => {
                    [head, tail].into_iter().for_each(|element| push(&mut waiting, &mut size, element));
                    2
                }
                Object::Tuple(elements) => {
                    elements.iter().for_each(|element| push(&mut waiting, &mut size, element));
                    1 + elements.len() as u64
                }
                Object::FlatMap(keys, values) => {
                    push(&mut waiting, &mut size, keys);
                    values.iter().for_each(|element| push(&mut waiting, &mut size, element));
                    3 + values.len() as u64
                }
                Object::MapNode(root, elements) => {
                    elements.iter().for_each(|element| push(&mut waiting, &mut size, element));
                    1 + u64::from(root.is_some()) + elements.len() as u64
                }
                Object::Float(_) => 1 + 8_u64.div_ceil(self.word_bytes),
                // A digit takes 3.33 bits.
                Object::Big(digits) => 1 + (digits.len() as u64 * 10 / 3).div_ceil(8 * self.word_bytes),
                Object::HeapBinary(length, _) => 2 + (*length).min(64).div_ceil(self.word_bytes),
                Object::OffHeapBinary(part) => {
                    if seen.insert(part.of) {
                        size.off_heap_bytes = size.off_heap_bytes.saturating_add(part.length);
                    }
                    6
                }
                Object::SubBinary(part) => {
                    if self.own(part.of).is_some() {
                        waiting.push(part.of);
                    } else if seen.insert(part.of) {
                        size.off_heap_bytes = size.off_heap_bytes.saturating_add(part.length);
                    }
                    5
                }
                Object::Pid(_) | Object::Port(_) => 3,
                Object::External(bytes) => 1 + bytes.div_ceil(self.word_bytes),
            };
            size.heap_words = size.heap_words.saturating_add(words);
        }
        size
    }

    /// The first bytes of a part of a binary; nothing if the dump does not have them.
    fn bytes_of(&self, part: Part) -> Option<Vec<u8>> {
        let most = usize::try_from(part.length).unwrap_or(usize::MAX).min(MAX_SHOWN_BYTES);
        let (coded, offset) = match self.own(part.of) {
            Some(Object::HeapBinary(_, coded)) => (coded, part.offset),
            Some(Object::OffHeapBinary(whole)) => ((self.binary)(whole.of)?, whole.offset.saturating_add(part.offset)),
            _ => ((self.binary)(part.of)?, part.offset),
        };
        Some(decode(coded, self.is_base64, offset, most))
    }

    /// The term in Erlang's notation, of about `most` characters at most.
    pub fn show(&self, term: Element<'_>, most: usize) -> String {
        let mut page = Page { text: String::new(), most, objects_left: MAX_SHOWN_OBJECTS };
        self.write(&mut page, term, MAX_DEPTH);
        page.text
    }

    fn write(&self, page: &mut Page, element: Element<'_>, depth: usize) {
        match element {
            Element::Nil => page.put("[]"),
            Element::Int(digits) => page.put(&text(digits)),
            Element::Atom(name) => page.put(&atom(name)),
            Element::Pid(shown) => page.put(&text(shown)),
            Element::Port(shown) => page.put(&format!("#Port{}", text(shown))),
            Element::External(bytes) => page.put(&format!("#external<{bytes} bytes>")),
            Element::Pointer(address) => {
                let left = page.objects_left.checked_sub(1);
                page.objects_left = left.unwrap_or(0);
                match (self.object(address), depth.checked_sub(1)) {
                    (Some(object), Some(depth)) if left.is_some() && !page.is_full() => {
                        self.write_object(page, &object, depth);
                    }
                    _ => page.put("…"),
                }
            }
        }
    }

    fn write_object(&self, page: &mut Page, object: &Object<'_>, depth: usize) {
        match object {
            Object::Cons(head, tail) => self.write_list(page, *head, *tail, depth),
            Object::Tuple(elements) => self.write_all(page, "{", elements, "}", depth),
            Object::Float(digits) => {
                let shown = text(digits);
                page.put(&shown.parse::<f64>().map_or(shown, |value| format!("{value:?}")));
            }
            Object::Big(digits) => page.put(&text_of(digits, 40)),
            Object::HeapBinary(length, coded) => {
                let bytes = decode(coded, self.is_base64, 0, MAX_SHOWN_BYTES);
                page.put(&binary_text(&bytes, *length));
            }
            Object::OffHeapBinary(part) | Object::SubBinary(part) => {
                let bytes = self.bytes_of(*part).unwrap_or_default();
                page.put(&binary_text(&bytes, part.length));
            }
            Object::Pid(shown) => page.put(&text(shown)),
            Object::Port(shown) => page.put(&format!("#Port{}", text(shown))),
            Object::External(bytes) => page.put(&format!("#external<{bytes} bytes>")),
            Object::FlatMap(keys, values) => {
                let keys = match keys {
                    Element::Pointer(address) => self.object(*address),
                    _ => None,
                };
                let Some(Object::Tuple(keys)) = keys else { return page.put(&format!("#{{{} keys}}", values.len())) };
                page.put("#{");
                for (at, (key, value)) in keys.iter().zip(values).enumerate() {
                    if at >= MAX_SHOWN_ELEMENTS || page.is_full() {
                        page.put(",…");
                        break;
                    }
                    page.put(if at > 0 { "," } else { "" });
                    self.write(page, *key, depth);
                    page.put(" => ");
                    self.write(page, *value, depth);
                }
                page.put("}");
            }
            Object::MapNode(count, elements) => {
                page.put(&format!("#{{{} keys}}", count.unwrap_or(elements.len() as u64)));
            }
        }
    }

    fn write_all(&self, page: &mut Page, begin: &str, elements: &[Element<'_>], end: &str, depth: usize) {
        page.put(begin);
        for (at, element) in elements.iter().enumerate() {
            if at >= MAX_SHOWN_ELEMENTS || page.is_full() {
                page.put(",…");
                break;
            }
            page.put(if at > 0 { "," } else { "" });
            self.write(page, *element, depth);
        }
        page.put(end);
    }

    fn write_list(&self, page: &mut Page, head: Element<'_>, tail: Element<'_>, depth: usize) {
        let (mut items, mut last) = (vec![head], tail);
        while items.len() < page.most.min(MAX_SHOWN_OBJECTS) {
            let Element::Pointer(address) = last else { break };
            let Some(Object::Cons(head, tail)) = self.object(address) else { break };
            items.push(head);
            last = tail;
        }
        let is_whole = last == Element::Nil;
        let character = |item: &Element<'_>| match item {
            Element::Int(digits) => {
                let code = super::fields::number(digits).filter(|code| (32..0x11_0000).contains(code))?;
                char::from_u32(u32::try_from(code).ok()?).filter(|c| !c.is_control())
            }
            _ => None,
        };
        let characters: Option<String> = items.iter().map(character).collect();
        match characters {
            Some(text) if is_whole || items.len() >= MAX_SHOWN_OBJECTS => {
                page.put(&format!("\"{text}{}\"", if is_whole { "" } else { "…" }));
            }
            _ => {
                page.put("[");
                for (at, item) in items.iter().enumerate() {
                    if at >= MAX_SHOWN_ELEMENTS || page.is_full() {
                        return page.put(",…]");
                    }
                    page.put(if at > 0 { "," } else { "" });
                    self.write(page, *item, depth);
                }
                if !is_whole {
                    page.put("|");
                    // The tail of an improper list; of one that was cut above, not all of it again.
                    if matches!(last, Element::Pointer(_)) { page.put("…") } else { self.write(page, last, depth) }
                }
                page.put("]");
            }
        }
    }
}

/// A binary as text, if it is text; else its length.
fn binary_text(first: &[u8], length: u64) -> String {
    let is_whole = first.len() as u64 >= length;
    // What was cut may have been cut within a character.
    let shown = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if !is_whole => std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => "",
    };
    if (shown.is_empty() && length > 0) || shown.chars().any(char::is_control) {
        return format!("<<{length} bytes>>");
    }
    if is_whole { format!("<<\"{shown}\">>") } else { format!("<<\"{shown}…\" {length} bytes>>") }
}

/// An atom in Erlang's notation.
fn atom(name: &[u8]) -> String {
    let is_plain = name.first().is_some_and(u8::is_ascii_lowercase)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'));
    if is_plain { text(name) } else { format!("'{}'", text(name)) }
}

/// Text of bounded length.
struct Page {
    text: String,
    most: usize,
    objects_left: usize,
}

impl Page {
    fn is_full(&self) -> bool {
        self.text.len() >= self.most
    }

    fn put(&mut self, part: &str) {
        if self.is_full() {
            if !self.text.ends_with('…') {
                self.text.push('…');
            }
            return;
        }
        let left = self.most - self.text.len();
        if part.len() <= left {
            self.text.push_str(part);
        } else {
            self.text.extend(part.chars().take(left));
            self.text.push('…');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(heap: &str, literals: &str, term: &str) -> (String, TermSize) {
        let (objects, literal_objects) = (Objects::of(heap.as_bytes()), Objects::of(literals.as_bytes()));
        let heap = Heap {
            body: heap.as_bytes(),
            objects: &objects,
            literals: literals.as_bytes(),
            literal_objects: &literal_objects,
            binary: &|address| (address == 0x77).then_some(b"YWJjZGVmZ2g="),
            is_base64: true,
            word_bytes: 8,
        };
        let (term, _) = Element::read(term.as_bytes()).unwrap();
        (heap.show(term, 200), heap.size(term, &mut HashSet::new(), &mut 1000))
    }

    #[test]
    fn terms_are_shown_as_erlang_writes_them_and_weighed_once() {
        let heap = "A0:t4:A3:msg,I1,HB0,HC0\nB0:Yh3:YWJj\nC0:Mf1:HD0:HE0\nD0:t1:A1:a\nE0:lI104|HF0\nF0:lI105|N\n";
        let (text, size) = shown(heap, "", "HA0");
        assert_eq!(text, "{msg,1,<<\"abc\">>,#{a => \"hi\"}}");
        assert_eq!(size, TermSize { heap_words: 5 + 3 + 4 + 2 + 2 + 2, off_heap_bytes: 0, is_complete: true });
        let twice = format!("{heap}90:t2:HA0,HA0\n");
        assert_eq!(shown(&twice, "", "H90").1.heap_words, 18 + 3, "what is shared counts once");
    }

    #[test]
    fn literals_are_shown_and_weigh_nothing_and_what_is_lost_is_said() {
        let (text, size) = shown("A0:lHB0|HC0\n", "B0:t1:A2:ok\nC0:lI1|P<0.4.0>\n", "HA0");
        assert_eq!((text.as_str(), size.heap_words, size.is_complete), ("[{ok},1|<0.4.0>]", 2, true));
        let (text, size) = shown("A0:lHB0|N\n", "", "HA0");
        assert_eq!((text.as_str(), size.is_complete), ("[…]", false));
        let (text, size) = shown("A0:t2:HB0,HC0\nB0:Yc55:0:1F4\nC0:YsB0:0:10\n", "", "HA0");
        assert_eq!((text.as_str(), size.off_heap_bytes), ("{<<500 bytes>>,<<16 bytes>>}", 500));
        let parts = "A0:t3:HB0,HC0,HD0\nB0:Yc77:0:8\nC0:YsB0:2:3\nD0:Ys77:1:1\n";
        assert_eq!(shown(parts, "", "HA0").0, "{<<\"abcdefgh\">>,<<\"cde\">>,<<\"b\">>}");
    }

    #[test]
    fn circles_and_endless_terms_end() {
        let (text, size) = shown("A0:t2:HA0,HA0\n", "", "HA0");
        assert!(text.len() < 260 && size.heap_words == 3, "{text}");
        let long: String = (1..5_000).map(|at| format!("{at:X}:lA1:x|H{:X}\n", at + 1)).collect();
        let (text, size) = shown(&long, "", "H1");
        assert!(text.starts_with("[x,x,") && text.ends_with(",…]"), "{text}");
        assert_eq!((size.heap_words, size.is_complete), (2_000, false));
    }
}
