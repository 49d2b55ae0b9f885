//! Text from files and sources, made harmless for a terminal: what controls it is shown as a replacement character.

/// One line of text without control characters; line breaks and tabs become spaces.
pub fn line(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        // Marks that turn the direction of writing can make a line look like another one.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.trim().chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        assert_eq!(line("two\nlines\tand \u{1b}[31mred\u{7}"), "two lines and \u{fffd}[31mred\u{fffd}");
        assert_eq!(line("safe\u{202e}cod.exe"), "safe\u{fffd}cod.exe");
    }
}
