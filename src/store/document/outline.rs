//! Where things are in RON text: the extent of every value and field, without knowing what they mean.
//!
//! The RON reader tells what is wrong with a text but not in which field, and drops what it does not know. This outline gives
//! the rest: the field at a place (for error messages), the raw text of fields to keep, and the elements of the text to write.
//! It never fails altogether: of a broken text it covers what lies before the fault.

/// Nesting that no document needs; deeper text is refused.
pub const MAX_DEPTH: usize = 64;

/// Values that no document needs; more are refused.
pub const MAX_VALUES: usize = 4_000_000;

/// Number of a value in its outline.
pub type NodeId = usize;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number, text or word.
    Scalar,
    /// `( )`, with a word before it or without.
    Group,
    /// `[ ]`.
    List,
    /// `{ }`.
    Map,
}

/// What makes a text unreadable as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A bracket is never closed.
    Unclosed,
    /// A closing bracket that does not fit the one that is open.
    Mismatched,
    /// A text or character without its closing quote.
    Quote,
    /// A block comment that does not end.
    Comment,
    /// More brackets inside each other than [`MAX_DEPTH`].
    TooDeep,
    /// More values than [`MAX_VALUES`].
    TooMany,
}

/// A fault and where it is, in bytes from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The place to look at: where the open bracket, quote or comment begins.
    pub begins: usize,
    /// From where on the text can't be told: where it was noticed, or where an open quote or comment begins.
    pub noticed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    start: u32,
    end: u32,
    name: Option<(u32, u32)>,
    /// The node after all that lies in this one.
    next: u32,
    shape: Shape,
}

/// The values of a text, outer before inner.
#[derive(Debug)]
pub struct Outline<'t> {
    text: &'t str,
    nodes: Vec<Node>,
}

impl<'t> Outline<'t> {
    /// Reads `text`, which must be shorter than 4 GB. Takes time in proportion to it.
    pub fn scan(text: &'t str) -> (Self, Option<Fault>) {
        let mut scanner = Scanner { text, at: 0, depth: 0, nodes: Vec::new() };
        let fault = scanner.document().err();
        (Self { text, nodes: scanner.nodes }, fault)
    }

    /// The outermost value; `None` if the text has none.
    pub fn root(&self) -> Option<NodeId> {
        (!self.nodes.is_empty()).then_some(0)
    }

    /// What lies directly in a value, in order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.nodes[node].next as usize;
        let mut at = node + 1;
        std::iter::from_fn(move || {
            let child = (at < end).then_some(at)?;
            at = (self.nodes[child].next as usize).max(child + 1);
            Some(child)
        })
    }

    /// The shape of a value.
    pub fn shape(&self, node: NodeId) -> Shape {
        self.nodes[node].shape
    }

    /// Its first byte.
    pub fn start(&self, node: NodeId) -> usize {
        self.nodes[node].start as usize
    }

    /// Whether the place is in it or at either end of it.
    pub fn touches(&self, node: NodeId, at: usize) -> bool {
        let Node { start, end, .. } = self.nodes[node];
        (start as usize) <= at && at <= end as usize
    }

    /// Whether the place is in it, before its end.
    pub fn holds(&self, node: NodeId, at: usize) -> bool {
        self.touches(node, at) && at < self.nodes[node].end as usize
    }

    /// Its field name (or, in a map, the text of its key).
    pub fn name(&self, node: NodeId) -> Option<&'t str> {
        let (start, end) = self.nodes[node].name?;
        let name = &self.text[start as usize..end as usize];
        Some(name.strip_prefix("r#").unwrap_or(name))
    }

    /// Its text.
    pub fn raw(&self, node: NodeId) -> &'t str {
        let Node { start, end, .. } = self.nodes[node];
        &self.text[start as usize..end as usize]
    }

    /// Its text with the field name before it.
    pub fn raw_with_name(&self, node: NodeId) -> &'t str {
        let Node { start, end, name, .. } = self.nodes[node];
        let start = name.map_or(start, |(start, _)| start);
        &self.text[start as usize..end as usize]
    }

    /// The word before a group, e.g. `Exact`; empty for others.
    pub fn head(&self, node: NodeId) -> &'t str {
        match self.shape(node) {
            Shape::Group => self.raw(node).split('(').next().unwrap_or_default().trim_end(),
            _ => "",
        }
    }

    /// The text that it is, if it is one.
    pub fn string(&self, node: NodeId) -> Option<String> {
        let raw = self.raw(node);
        (raw.starts_with(['"', 'r'])).then(|| ron::from_str(raw).ok())?
    }

    /// The field of this name directly in it.
    pub fn field(&self, node: NodeId, name: &str) -> Option<NodeId> {
        self.children(node).find(|&child| self.name(child) == Some(name))
    }

    /// The values around a place, outermost first.
    pub fn around(&self, at: usize) -> Vec<NodeId> {
        let mut chain = Vec::new();
        let mut next = self.root().filter(|&root| self.touches(root, at));
        while let Some(node) = next {
            chain.push(node);
            next = self.children(node).find(|&child| self.touches(child, at));
        }
        chain
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    nodes: Vec<Node>,
}

enum Token {
    /// Nothing: a bracket or separator comes next.
    Empty,
    /// A number or a name.
    Word,
    /// Text in quotes.
    Quoted,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        self.blanks()?;
        // Attributes such as `#![enable(implicit_some)]`.
        while self.rest().starts_with("#!") {
            self.at += 2;
            self.value()?;
            self.nodes.clear();
            self.blanks()?;
        }
        if self.at < self.text.len() {
            self.value()?;
        }
        Ok(())
    }

    fn rest(&self) -> &str {
        // `at` is only ever moved over whole characters.
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, kind: FaultKind, begins: usize) -> Fault {
        let is_open_end = matches!(kind, FaultKind::Quote | FaultKind::Comment);
        Fault { kind, begins, noticed: if is_open_end { begins } else { self.at } }
    }

    /// Reads a value with all that is in it. Its node is complete, as far as it was read, even after a fault.
    fn value(&mut self) -> Result<(), Fault> {
        let node = self.nodes.len();
        if node >= MAX_VALUES {
            return Err(self.fault(FaultKind::TooMany, self.at));
        }
        let start = self.at as u32;
        self.nodes.push(Node { start, end: start, name: None, next: 0, shape: Shape::Scalar });
        let result = self.value_into(node);
        self.nodes[node].end = self.at as u32;
        self.nodes[node].next = self.nodes.len() as u32;
        result
    }

    fn value_into(&mut self, node: NodeId) -> Result<(), Fault> {
        let token = self.token()?;
        let after = self.at;
        if matches!(token, Token::Word) {
            self.blanks()?;
        }
        let (shape, close) = match (token, self.peek()) {
            (Token::Empty | Token::Word, Some(b'(')) => (Shape::Group, b')'),
            (Token::Empty, Some(b'[')) => (Shape::List, b']'),
            (Token::Empty, Some(b'{')) => (Shape::Map, b'}'),
            _ => {
                self.at = after;
                return Ok(());
            }
        };
        self.nodes[node].shape = shape;
        if self.depth >= MAX_DEPTH {
            return Err(self.fault(FaultKind::TooDeep, self.at));
        }
        self.depth += 1;
        let result = self.members(close);
        self.depth -= 1;
        result
    }

    fn members(&mut self, close: u8) -> Result<(), Fault> {
        let open = self.at;
        self.at += 1;
        loop {
            self.blanks()?;
            match self.peek() {
                None => return Err(self.fault(FaultKind::Unclosed, open)),
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b')' | b']' | b'}') => return Err(self.fault(FaultKind::Mismatched, open)),
                // Separators in wrong places are for the RON reader to report.
                Some(b',' | b':') => self.at += 1,
                Some(_) => self.member()?,
            }
        }
    }

    fn member(&mut self) -> Result<(), Fault> {
        let node = self.nodes.len();
        let start = self.at as u32;
        self.value()?;
        let end = self.at;
        self.blanks()?;
        if self.peek() != Some(b':') {
            self.at = end;
            return Ok(());
        }
        // What was read is the name of what comes now.
        self.nodes.truncate(node);
        self.at += 1;
        self.blanks()?;
        let result = self.value();
        if let Some(node) = self.nodes.get_mut(node) {
            node.name = Some((start, end as u32));
        }
        result
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let begins = self.at;
        let rest = self.rest();
        if let Some(raw) = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')) {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if raw[hashes..].starts_with('"') {
                let end = format!("\"{}", &raw[..hashes]);
                let body = begins + (rest.len() - raw.len()) + hashes + 1;
                let length = self.text[body..].find(&end);
                self.at = length.map_or(self.text.len(), |length| body + length + end.len());
                return length.map(|_| Token::Quoted).ok_or_else(|| self.fault(FaultKind::Quote, begins));
            }
        }
        let prefix = usize::from(rest.starts_with("b\"") || rest.starts_with("b'"));
        match rest.as_bytes().get(prefix) {
            Some(b'"') => {
                self.at += prefix + 1;
                self.skip_to_quote(b'"', begins)
            }
            Some(b'\'') => {
                self.at += prefix + 1;
                // One character belongs to it in any case, even a quote.
                if self.peek() != Some(b'\\') {
                    self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                }
                self.skip_to_quote(b'\'', begins)
            }
            _ => {
                self.skip_word();
                Ok(if self.at > begins { Token::Word } else { Token::Empty })
            }
        }
    }

    fn skip_to_quote(&mut self, quote: u8, begins: usize) -> Result<Token, Fault> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            if byte == quote {
                return Ok(Token::Quoted);
            }
            if byte == b'\\' {
                self.at += self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            }
        }
        Err(self.fault(FaultKind::Quote, begins))
    }

    fn skip_word(&mut self) {
        let rest = self.rest();
        let ends = |(at, c): &(usize, char)| {
            matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | ',' | ':' | '"' | '\'')
                || is_blank(*c)
                || (*c == '/' && matches!(rest.as_bytes().get(at + 1), Some(b'/' | b'*')))
        };
        self.at += rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
    }

    /// Skips white space and comments.
    fn blanks(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches(is_blank).len();
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), Fault> {
        let begins = self.at;
        let bytes = self.text.as_bytes();
        let mut open = 0_usize;
        let mut at = begins;
        while at < bytes.len() {
            match bytes[at..] {
                [b'/', b'*', ..] => {
                    open += 1;
                    at += 2;
                }
                [b'*', b'/', ..] => {
                    open -= 1;
                    at += 2;
                    if open == 0 {
                        self.at = at;
                        return Ok(());
                    }
                }
                _ => at += 1,
            }
        }
        self.at = bytes.len();
        Err(self.fault(FaultKind::Comment, begins))
    }
}

/// White space as RON has it.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r' | '\u{85}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<FaultKind> {
        Outline::scan(text).1.map(|fault| fault.kind)
    }

    #[test]
    fn finds_fields_whatever_stands_around_them() {
        let text = r####"#![enable(implicit_some)] // head
            Session(
                a: "x ) , \" b: 1", /* c: 2, /* nested ) */ */ r#type: r#"raw " ) "#,
                d: [Exact(1.5), 'q', ')', '\'', b'"', b"\"", br##"" "# "##, Some((e: 7))],
                f /* between */ : { "k": (1, 2), 'z': None },
                g: Named /* gap */ (h: -1e5),
            )"####;
        let (outline, fault) = Outline::scan(text);
        assert_eq!(fault, None);
        let root = outline.root().unwrap();
        assert_eq!(outline.head(root), "Session");
        let names: Vec<_> = outline.children(root).filter_map(|child| outline.name(child)).collect();
        assert_eq!(names, ["a", "type", "d", "f", "g"]);
        let field = |name| outline.field(root, name).unwrap();
        assert_eq!(outline.string(field("a")).unwrap(), "x ) , \" b: 1");
        assert_eq!(outline.string(field("type")).unwrap(), "raw \" ) ");
        assert_eq!(outline.children(field("d")).count(), 8);
        assert_eq!(outline.raw_with_name(field("f")), "f /* between */ : { \"k\": (1, 2), 'z': None }");
        assert_eq!(outline.raw(field("g")), "Named /* gap */ (h: -1e5)");
        let seven = outline.around(text.find('7').unwrap());
        assert_eq!(outline.name(*seven.last().unwrap()), Some("e"));
    }

    #[test]
    fn tells_what_is_not_closed() {
        assert_eq!(fault("(a: [1, 2)"), Some(FaultKind::Mismatched));
        assert_eq!(fault("(a: [1, 2]"), Some(FaultKind::Unclosed));
        assert_eq!(fault("(a: \"x)"), Some(FaultKind::Quote));
        assert_eq!(fault("(a: r##\"x\"#)"), Some(FaultKind::Quote));
        assert_eq!(fault("(a: 1 /* /* */ )"), Some(FaultKind::Comment));
        assert_eq!(fault("(a: 1 /* // */ , b: 'x) // ("), Some(FaultKind::Quote));
        assert_eq!(fault(""), None);
    }

    #[test]
    fn bottomless_text_is_refused() {
        assert_eq!(fault(&"[".repeat(1_000_000)), Some(FaultKind::TooDeep));
        assert_eq!(fault(&"a(".repeat(1_000_000)), Some(FaultKind::TooDeep));
        assert_eq!(fault(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))), None);
        assert_eq!(fault(&format!("[{}]", "1,".repeat(MAX_VALUES))), Some(FaultKind::TooMany));
    }
}
