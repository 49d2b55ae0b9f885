//! Reads a line of a log from left to right: numbers, sizes, durations, what stands in parentheses. Bytes, as lines may hold anything.

/// What is left of a line.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a>(pub &'a [u8]);

/// A size before and after, with what was held where that stands in parentheses: `51M->24M(185M)`, `52480K(59008K)->6528K(59008K)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub before: u64,
    pub after: u64,
    /// Held before; `None` also where a share stands there.
    pub held_before: Option<u64>,
    /// Held after.
    pub held_after: Option<u64>,
}

impl<'a> Scan<'a> {
    /// Passes over a text if it is next.
    pub fn eat(&mut self, text: &[u8]) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    pub fn skip_spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// Passes over everything up to and including a text.
    pub fn seek(&mut self, text: &[u8]) -> bool {
        match self.0.windows(text.len().max(1)).position(|window| window == text) {
            Some(at) => {
                self.0 = &self.0[at + text.len()..];
                true
            }
            None => false,
        }
    }

    /// A whole number.
    pub fn integer(&mut self) -> Option<u64> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        let number =
            digits.iter().try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
        (length > 0).then(|| {
            self.0 = rest;
            number
        })
    }

    /// A decimal number; some locales write a comma.
    pub fn number(&mut self) -> Option<f64> {
        let whole = self.integer()? as f64;
        let [b'.' | b',', rest @ ..] = self.0 else { return Some(whole) };
        if !rest.first().is_some_and(u8::is_ascii_digit) {
            return Some(whole);
        }
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(length);
        self.0 = rest;
        // More digits than these are below a nanosecond.
        let (sum, scale) = digits
            .iter()
            .take(12)
            .fold((0u64, 1.0), |(sum, scale), digit| (sum * 10 + u64::from(digit - b'0'), scale * 10.0));
        Some(whole + sum as f64 / scale)
    }

    /// A size in bytes: `192M`, `52480K`, `24.0M`, `0.0B`, `65536`.
    pub fn size(&mut self) -> Option<u64> {
        let number = self.number()?;
        let shift = match self.0.first() {
            Some(b'K') => 10,
            Some(b'M') => 20,
            Some(b'G') => 30,
            Some(b'T') => 40,
            Some(b'B') => 0,
            _ => return Some(number as u64),
        };
        self.0 = &self.0[1..];
        // Conversion of a number that is too large saturates.
        Some((number * (1u64 << shift) as f64) as u64)
    }

    /// A change of a size.
    pub fn change(&mut self) -> Option<Change> {
        let start = *self;
        let read = |scan: &mut Self| {
            let before = scan.size()?;
            let held_before = scan.held();
            if !scan.eat(b"->") {
                return None;
            }
            let after = scan.size()?;
            Some(Change { before, after, held_before, held_after: scan.held() })
        };
        let change = read(self);
        if change.is_none() {
            *self = start;
        }
        change
    }

    /// A size in parentheses; a share there is passed over.
    fn held(&mut self) -> Option<u64> {
        let mut inner = Scan(self.0.strip_prefix(b"(")?);
        let size = inner.size()?;
        let is_share = inner.eat(b"%");
        if !inner.eat(b")") {
            return None;
        }
        self.0 = inner.0;
        (!is_share).then_some(size)
    }

    /// What stands in parentheses that begin here, further ones inside included.
    pub fn parentheses(&mut self) -> Option<&'a [u8]> {
        let inner = self.0.strip_prefix(b"(")?;
        let mut depth = 1;
        for (at, byte) in inner.iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.0 = &inner[at + 1..];
                return Some(&inner[..at]);
            }
        }
        None
    }

    /// A duration in nanoseconds with its unit: `13.760ms`, `0.009s`, `1.2 ms`.
    pub fn duration_ns(&mut self) -> Option<u64> {
        let start = *self;
        let number = self.number()?;
        self.skip_spaces();
        let scale = if self.eat(b"ms") {
            1e6
        } else if self.eat(b"us") {
            1e3
        } else if self.eat(b"ns") {
            1.0
        } else if self.eat(b"s") {
            1e9
        } else {
            *self = start;
            return None;
        };
        Some((number * scale).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn sizes_and_changes_of_all_collectors() {
        let change =
            |text: &str| Scan(text.as_bytes()).change().map(|it| (it.before, it.held_before, it.after, it.held_after));
        assert_eq!(change("51M->24M(185M)"), Some((51 * MIB, None, 24 * MIB, Some(185 * MIB))));
        assert_eq!(change("2K(3K)->1K(3K) x"), Some((2048, Some(3072), 1024, Some(3072))));
        assert_eq!(change("192M(100%)->40M(21%)"), Some((192 * MIB, None, 40 * MIB, None)));
        assert_eq!(change("24.5M(24.0M)->0.0B(13.0M)"), Some((49 * MIB / 2, Some(24 * MIB), 0, Some(13 * MIB))));
        assert_eq!(change("9->0(7)"), Some((9, None, 0, Some(7))));
        for none in ["51M", "51M->", "->1M", "51M(1->2", "99999999999999999999K->1K", ""] {
            assert_eq!(change(none), None, "{none}");
        }
    }

    #[test]
    fn durations_and_parentheses() {
        assert_eq!(Scan(b"13.760ms").duration_ns(), Some(13_760_000));
        assert_eq!(Scan(b"0,0136000 secs").duration_ns(), Some(13_600_000));
        assert_eq!(Scan(b"12 apples").duration_ns(), None);
        let mut scan = Scan(b"(System.gc()) 1M");
        assert_eq!(scan.parentheses(), Some(&b"System.gc()"[..]));
        assert_eq!(scan.0, b" 1M");
        assert_eq!(Scan(b"(never closed").parentheses(), None);
    }
}
