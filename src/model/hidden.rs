//! Characters that are not what they seem: text that holds them is spelled out before it stands where people read it.

/// Tells whether a character controls the terminal, or reorders or hides what stands around it: controls, marks of
/// direction and joining, line and paragraph separators, invisible operators, annotations and tags.
pub fn is_hidden(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
