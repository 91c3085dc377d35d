//! Words in messages: what a stranger wrote, made safe to show, and the known word nearest to a misspelt one.

/// The text before a word in it, and the text behind. By bytes: the standard library's search for words has much code for
/// long texts.
#[must_use]
pub fn cut<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let start = text.as_bytes().windows(word.len().max(1)).position(|window| window == word.as_bytes())?;
    Some((text.get(..start)?, text.get(start.saturating_add(word.len())..)?))
}

/// The text with another word in place of each of one.
#[must_use]
pub fn replaced(text: &str, word: &str, by: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = cut(rest, word) {
        out.push_str(before);
        out.push_str(by);
        rest = behind;
    }
    out + rest
}

/// The most characters of a stranger's text that a message repeats.
const SHOWN: usize = 64;
/// The longest word that [`nearest`] compares: its cost grows with the square.
const COMPARED: usize = 64;

/// The text in backticks: control and invisible characters escaped, clipped with `…` after 64 characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for character in text.chars().take(SHOWN) {
        match character {
            '`' => out.push('\''),
            ' '..='~' => out.push(character),
            _ => out.extend(character.escape_unicode()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

/// The known word nearest to `word`, if one is near enough to be what was meant: a third of its letters at most differ,
/// or one is the beginning of the other.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > COMPARED {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let near = known.into_iter().filter_map(|candidate| {
        let distance = distance(&word, candidate);
        let begins =
            word.len() >= 3 && candidate.len() >= 3 && (candidate.starts_with(&word) || word.starts_with(candidate));
        (begins || distance <= candidate.len().max(3) / 3).then_some((distance, candidate))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: insertions, deletions and substitutions of one byte each.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, to) in row.iter_mut().skip(1).zip(b.bytes()) {
            let substituted = diagonal.saturating_add(usize::from(from != to));
            diagonal = *cell;
            left = substituted.min(diagonal.saturating_add(1)).min(left.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_cut_where_the_word_first_stands(text in "[abé:/]{0,12}", word in "[abé:/]{1,3}") {
            prop_assert_eq!(cut(&text, &word), text.split_once(&word));
            prop_assert_eq!(replaced(&text, &word, "xy"), text.replace(&word, "xy"));
        }
    }

    #[test]
    fn a_strangers_text_is_harmless() {
        assert_eq!(quoted("1e3"), "`1e3`");
        assert_eq!(quoted("a\n\u{1b}[31m`é\u{202e}"), "`a\\u{a}\\u{1b}[31m'\\u{e9}\\u{202e}`");
        assert_eq!(quoted(&"x".repeat(64)), format!("`{}`", "x".repeat(64)));
        assert_eq!(quoted(&"x".repeat(100_000)), format!("`{}…`", "x".repeat(64)));
    }

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["base", "base-sepolia", "polygon", "solana", "sei"];
        for (word, expected) in [
            ("base-seplia", Some("base-sepolia")),
            ("Base", Some("base")),
            ("polgon", Some("polygon")),
            ("sie", None),
            ("", None),
            ("bitcoin", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest(&"base".repeat(100), known), None);
        assert_eq!(nearest("base", []), None);
    }

    #[test]
    fn distances() {
        for (a, b, expected) in
            [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
