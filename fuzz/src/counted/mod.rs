//! How many octets does reading look at? The core's own files for heads and extensions, compiled once
//! more over a `scan` that counts.
//!
//! ```text
//! ws-core/src/handshake/{head, fields, extensions}.rs ──octets──▶ scan.rs beside this file ──▶ a number
//! ```
//!
//! No clock is asked: the number is the same on every machine. Blanks that are skipped are not counted,
//! and none of the core's loops looks at one without going past it.

use ws_core::Limits;

pub(crate) use extensions::Extensions;
pub(crate) use scan::looks;

use fields::FieldLines;
use head::HeadReader;

mod error {
    pub(super) use ws_core::handshake::HeadError;
}

mod scan;

#[expect(dead_code, reason = "the core's file, of which a part is called here")]
#[path = "../../../ws-core/src/handshake/octets.rs"]
mod octets;

#[expect(dead_code, unreachable_pub, reason = "the core's file, of which a part is called here")]
#[path = "../../../ws-core/src/handshake/fields.rs"]
mod fields;

#[expect(dead_code, unreachable_pub, reason = "the core's file, of which a part is called here")]
#[path = "../../../ws-core/src/handshake/extensions.rs"]
mod extensions;

#[expect(dead_code, reason = "the core's file, of which a part is called here")]
#[path = "../../../ws-core/src/handshake/head.rs"]
mod head;

/// Finding the lines of a head looks at each octet once at most, however it is cut, and at none behind
/// its end or its limits. Reading the fields looks at each octet of their lines once, and again at the
/// one that ends a name or a value.
pub(crate) fn head_is_read_in_linear_steps(limits: &Limits, pieces: &[&[u8]]) {
    let whole = pieces.concat();
    let (read, steps) = looks(|| lines(limits, pieces));
    let Some((fields_start, head_len)) = read else {
        assert!(steps <= whole.len().min(limits.max_head_len()), "{steps} for no whole head");
        return;
    };
    assert_eq!(steps, head_len, "each octet of the head once, and none behind it");
    let field_lines = &whole[fields_start..head_len];
    let (fields, steps) = looks(|| FieldLines::new(field_lines).count());
    let most = field_lines.len() + 2 * fields;
    assert!(steps <= most, "{steps} in {fields} fields of {} octets", field_lines.len());
}

/// Where the field lines of a head begin and end; `None` if it does not end, or breaks a rule.
fn lines(limits: &Limits, pieces: &[&[u8]]) -> Option<(usize, usize)> {
    let mut reader = HeadReader::new(limits);
    let mut fields_start = None;
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        if fields_start.is_none() && reader.start_line(&input).ok()?.is_some() {
            fields_start = Some(reader.lines_len());
        }
        if let Some(fields_start) = fields_start
            && let Some(head_len) = reader.end(&input).ok()?
        {
            return Some((fields_start, head_len));
        }
    }
    None
}
