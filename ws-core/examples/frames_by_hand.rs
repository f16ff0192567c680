//! Single frames with your own buffers, no connection: `cargo run --example frames_by_hand`.
//!
//! A client's frame is made, then read the way a server would: decode, check, unmask.

use std::error::Error;

use ws_core::frame::{Check, Rsv, compile};
use ws_core::{FrameHeader, Opcode, Role, mask};

fn main() -> Result<(), Box<dyn Error>> {
    let payload = b"Hello";
    let header = FrameHeader {
        masking_key: Some(mask::random_key()),
        ..FrameHeader::new(Opcode::Text, payload.len() as u64)
    };
    let mut wire = [0; 64];
    let len = compile(&header, payload, &mut wire)?;
    println!("on the wire: {:02x?}", &wire[..len]);

    let server = Check { role: Role::Server, message_open: false, rsv: Rsv::NONE };
    let (header, header_len) = FrameHeader::decode(&wire[..len])?.ok_or("a whole header")?;
    server.check(&header)?;
    let payload = &mut wire[header_len..len];
    if let Some(key) = header.masking_key {
        mask::apply(payload, key, 0);
    }
    println!("{:?}, FIN {}: {}", header.opcode, header.fin, str::from_utf8(payload)?);
    Ok(())
}
