//! Lines that fit a terminal of 80 columns.

/// The narrowest terminal that everything is made for.
const COLUMNS: usize = 80;

/// `text` in lines of at most 80 columns, broken at blanks; those after the first begin with
/// `indent` blanks. A word that is longer than a line is left whole, to be copied.
pub(super) fn wrap(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut width = 0;
    // The blanks in front are the first line's indent.
    let content = text.trim_start_matches(' ');
    lines.push_str(&text[..text.len() - content.len()]);
    width += lines.len();
    for (n, word) in content.split(' ').enumerate() {
        let len = word.chars().count();
        if n > 0 && width + 1 + len > COLUMNS {
            lines.truncate(lines.trim_end_matches(' ').len());
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            width = indent;
        } else if n > 0 {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += len;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        let text = format!("  name   {}", "seventeen letters ".repeat(12).trim_end());
        let lines = wrap(&text, 9);
        assert!(lines.lines().all(|line| line.len() <= COLUMNS), "{lines}");
        assert!(lines.lines().skip(1).all(|line| line.starts_with("         s")), "{lines}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&lines), words(&text));
        assert!(lines.starts_with("  name   seventeen"), "columns stay columns: {lines}");
    }

    #[test]
    fn the_last_column_is_used_and_no_more() {
        for (second, broken) in [(39, false), (40, true)] {
            let text = format!("{} {}", "a".repeat(40), "b".repeat(second));
            assert_eq!(wrap(&text, 2).contains('\n'), broken, "{second}");
        }
        let long = "/".repeat(100);
        assert_eq!(wrap(&long, 4), long);
    }
}
