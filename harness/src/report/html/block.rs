//! Text that a page carries compressed, until a case of it is opened: deflate in base64, which a
//! browser expands by itself (`DecompressionStream`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Method, Status, Strategy};

/// 32 KiB of window; negative is raw deflate, without zlib's frame.
const WINDOW_BITS: i32 = -15;

/// Room for output that one call may fill.
const PIECE: usize = 64 << 10;

/// `text` as raw deflate, in base64.
pub(super) fn pack(text: &str) -> String {
    let config = DeflateConfig {
        level: 6,
        method: Method::Deflated,
        window_bits: WINDOW_BITS,
        mem_level: 8,
        strategy: Strategy::Default,
    };
    let mut stream = Deflate::new_with_config(config);
    let mut packed = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        let filled = packed.len();
        packed.resize(filled + PIECE, 0);
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let status = stream.compress(rest, &mut packed[filled..], DeflateFlush::Finish);
        let taken = usize::try_from(stream.total_in() - before_in).unwrap_or(0);
        let made = usize::try_from(stream.total_out() - before_out).unwrap_or(0);
        rest = rest.get(taken..).unwrap_or_default();
        packed.truncate(filled + made);
        if !matches!(status, Ok(Status::Ok | Status::BufError)) || made == 0 {
            return STANDARD.encode(packed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let long: String = (0..200_000).map(|n| format!("{n:x} ")).collect();
        for text in ["", "{}", "äöü </script>", &long] {
            let packed = STANDARD.decode(pack(text)).unwrap();
            let mut out = vec![0; text.len() + 1];
            let mut inflate = zlib_rs::Inflate::new(false, 15);
            let status = inflate.decompress(&packed, &mut out, zlib_rs::InflateFlush::Finish);
            assert_eq!(status.unwrap(), Status::StreamEnd);
            out.truncate(usize::try_from(inflate.total_out()).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), text);
            assert!(text.len() < 1000 || packed.len() * 2 < text.len());
        }
    }
}
