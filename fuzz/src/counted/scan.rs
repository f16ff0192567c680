//! As the core's `scan`, one octet at a time, counting each octet that is looked at.

use std::cell::Cell;

thread_local! {
    static LOOKS: Cell<usize> = const { Cell::new(0) };
}

/// What `run` returns, and how many octets it looked at; one that is looked at twice counts twice.
pub(crate) fn looks<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LOOKS.get();
    let returned = run();
    (returned, LOOKS.get() - before)
}

pub(super) fn line_feed(octets: &[u8]) -> Option<usize> {
    octets.iter().position(|&octet| look(octet) == b'\n')
}

pub(super) fn value_len(octets: &[u8]) -> usize {
    let value = |octet: u8| octet == b'\t' || octet >= b' ' && octet != 0x7F;
    octets.iter().take_while(|&&octet| value(look(octet))).count()
}

pub(super) fn is_printable(octets: &[u8]) -> bool {
    octets.iter().all(|&octet| (b' '..0x7F).contains(&look(octet)) || octet >= 0x80)
}

pub(super) fn token_len(octets: &[u8]) -> usize {
    octets.iter().take_while(|&&octet| is_token(octet)).count()
}

pub(super) fn is_token(octet: u8) -> bool {
    look(octet).is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&octet)
}

fn look(octet: u8) -> u8 {
    LOOKS.set(LOOKS.get() + 1);
    octet
}
