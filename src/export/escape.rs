//! Text from files made harmless for the formats that reports are written in.

use std::borrow::Cow;

/// Replaces characters that mislead readers or parsers: control characters, and those that turn the direction of text
/// around, become U+FFFD; a line break or tab becomes a space.
pub fn plain(text: &str) -> Cow<'_, str> {
    let harmless = |chr: char| match chr {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        chr if chr.is_control() => '\u{fffd}',
        chr => chr,
    };
    if text.chars().all(|chr| harmless(chr) == chr) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(harmless).collect())
    }
}

/// Text for HTML, SVG and XML, inside elements and inside quoted attributes.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for chr in plain(text).chars() {
        match chr {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            chr => out.push(chr),
        }
    }
    out
}

/// Text for Markdown, in a paragraph or a table's cell: shown as it is, never as formatting, a link or HTML.
pub fn markdown(text: &str) -> String {
    let text = plain(text);
    let text = text.trim();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    // At the beginning these would make a list or an underlined heading: "- a", "1. b", "===".
    let number = text.len() - text.trim_start_matches(|chr: char| chr.is_ascii_digit()).len();
    for (index, chr) in text.char_indices() {
        let rest = &text[index..];
        match chr {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Bare addresses would become links.
            ':' if rest.starts_with("://") => out.push_str("&#58;"),
            '.' if ends_with_www(&text[..index]) => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => out.extend(['\\', chr]),
            '-' | '+' | '=' if index == 0 => out.extend(['\\', chr]),
            '.' | ')' if index == number && !rest[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                out.extend(['\\', chr]);
            }
            chr => out.push(chr),
        }
    }
    out
}

fn ends_with_www(text: &str) -> bool {
    text.len().checked_sub(3).and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(markup("<img src=x onerror='a'>&"), "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;");
        assert_eq!(markup("a\u{202e}b\u{0}c\nd"), "a\u{fffd}b\u{fffd}c d");
        assert_eq!(markdown("a|b\n`c` <d>"), "a\\|b \\`c\\` &lt;d&gt;");
        assert_eq!(markdown("1. a"), "1\\. a");
        assert_eq!(markdown("- a-b"), "\\- a-b");
        assert_eq!(markdown("[x](javascript:y)"), "\\[x\\](javascript:y)");
        assert_eq!(markdown("https://a.b www.c"), "https&#58;//a.b www&#46;c");
    }

    #[test]
    fn harmless_text_is_left_alone() {
        assert!(matches!(plain("Größe ▲ 4.30 GB"), Cow::Borrowed(_)));
        assert_eq!(markdown("4.30 GB, at 06:07:39"), "4.30 GB, at 06:07:39");
    }
}
