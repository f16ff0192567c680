//! How a command speaks: how much beside its findings, and whether in colour.
//!
//! Set once, by the command line; a library that nobody told speaks as usual.

use std::io::{ErrorKind, Write as _, stderr, stdout};
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// How much is said beside findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Findings and errors.
    Quiet,
    /// Also how far a run is, which engine, totals of a part.
    Usual,
    /// Also each case that begins.
    Verbose,
}

static LEVEL: OnceLock<Level> = OnceLock::new();

/// Sets the level, and whether there are colours; `Auto` asks the terminal and `$NO_COLOR`.
pub(crate) fn set(level: Level, colours: ColorChoice) {
    colours.write_global();
    // A second command line in one process speaks as the first.
    let _ = LEVEL.set(level);
}

/// How much is to be said.
pub(crate) fn level() -> Level {
    LEVEL.get().copied().unwrap_or(Level::Usual)
}

/// Nothing but findings.
pub(crate) fn is_quiet() -> bool {
    level() == Level::Quiet
}

/// Why standard output did not take everything, if it was not that its reader has gone.
static LOST: OnceLock<String> = OnceLock::new();

/// Writes to standard output. A reader that has seen enough, as `head` has, is no error, and what
/// else goes wrong is known at the end: [`lost`].
pub(crate) fn text(text: &str) {
    if let Err(error) = stdout().lock().write_all(text.as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first reason is told.
        let _ = LOST.set(error.to_string());
    }
}

/// Why not everything that was said has gone out.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// A line of findings, on standard output: `println!` would panic when its reader has gone.
macro_rules! say {
    ($($words:tt)*) => { $crate::talk::text(&(format!($($words)*) + "\n")) };
}
pub(crate) use say;

/// A line beside the findings, on standard error; there is nowhere to tell that nobody reads it.
macro_rules! note {
    ($($words:tt)*) => {{
        use ::std::io::Write as _;
        let _ = ::std::writeln!(::std::io::stderr().lock(), $($words)*);
    }};
}
pub(crate) use note;

/// Says what is no finding, unless quiet.
pub(crate) fn remark(line: &str) {
    if !is_quiet() {
        say!("{line}");
    }
}

/// `1 case`, `2 cases`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A word on standard error that must not be missed.
pub(crate) fn alarm(word: &str) -> String {
    styled(word, AnsiColor::Red.on_default().bold(), colours(AutoStream::choice(&stderr())))
}

/// `text` for standard output, with the words that verdicts are made of in their colours.
pub(crate) fn tint(text: &str) -> String {
    tinted(text, colours(AutoStream::choice(&stdout())))
}

fn colours(choice: ColorChoice) -> bool {
    choice != ColorChoice::Never
}

fn tinted(text: &str, colours: bool) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut left = text;
    let mut tinted = String::with_capacity(text.len());
    while !left.is_empty() {
        let word = left.find(|c| !is_part(c)).unwrap_or(left.len());
        let (word, rest) = left.split_at(word);
        match colour(word) {
            Some(colour) => tinted.push_str(&styled(word, colour.on_default(), colours)),
            None => tinted.push_str(word),
        }
        let gap = rest.find(is_part).unwrap_or(rest.len());
        tinted.push_str(&rest[..gap]);
        left = &rest[gap..];
    }
    tinted
}

fn colour(word: &str) -> Option<AnsiColor> {
    match word {
        "OK" | "yes" | "same" | "improved" => Some(AnsiColor::Green),
        "NON-STRICT" | "INFORMATIONAL" | "better" | "new" | "flaky" => Some(AnsiColor::Yellow),
        "FAILED" | "UNIMPLEMENTED" | "UNCLEAN" | "WRONG" | "CODE" | "worse" | "missing" | "no"
        | "regressed" | "differ" => Some(AnsiColor::Red),
        _ => None,
    }
}

fn styled(text: &str, style: Style, colours: bool) -> String {
    if colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_get_their_colour_and_everything_else_stays() {
        let text = "6.4.3  NON-STRICT/OK  NOT OKAY: 3 differ\n";
        assert_eq!(tinted(text, false), text);
        let seen = tinted(text, true);
        assert_eq!(anstream::adapter::strip_str(&seen).to_string(), text);
        assert_eq!(
            seen,
            "6.4.3  \u{1b}[33mNON-STRICT\u{1b}[0m/\u{1b}[32mOK\u{1b}[0m  NOT OKAY: 3 \
             \u{1b}[31mdiffer\u{1b}[0m\n"
        );
    }
}
