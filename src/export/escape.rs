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
    // At the beginning these would make a list, a rule or an underlined heading: "- a", "1. b", "===".
    let number = text.len() - text.trim_start_matches(|chr: char| chr.is_ascii_digit()).len();
    for (index, chr) in text.char_indices() {
        match chr {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '-' | '+' | '=' if index == 0 => {
                out.push('\\');
                out.push(chr);
            }
            '.' | ')' if index == number => {
                out.push('\\');
                out.push(chr);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                out.push('\\');
                out.push(chr);
            }
            // A bare address or a mention would become a link.
            ':' => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            chr => out.push(chr),
        }
    }
    out
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
        assert_eq!(markdown("- a-b 2.5"), "\\- a-b 2.5");
        assert_eq!(markdown("[x](javascript:y)"), "\\[x\\](javascript&#58;y)");
    }

    #[test]
    fn harmless_text_is_left_alone() {
        assert!(matches!(plain("Größe ▲ 4.30 GB"), Cow::Borrowed(_)));
    }
}
