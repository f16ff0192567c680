//! permessage-deflate as options of the testees.

use clap::{Args, ValueEnum};
use ws_core::Config;
use ws_core::deflate::Deflate;

use crate::Error;

/// How a testee uses permessage-deflate.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "permessage-deflate")]
pub struct DeflateOptions {
    /// Whether to offer it, or accept offers.
    #[arg(long, value_enum, default_value = "on")]
    deflate: Switch,
    /// zlib's compression level, 0 to 9.
    #[arg(long, value_name = "LEVEL", default_value = "6")]
    deflate_level: u8,
    /// zlib's memory level, 1 to 9.
    #[arg(long, value_name = "LEVEL", default_value = "8")]
    deflate_memory_level: u8,
    /// The largest window to compress with, 9 to 15 bits.
    #[arg(long, value_name = "BITS", default_value = "15")]
    deflate_window_bits: u8,
    /// The largest window the peer may compress with, 8 to 15 bits.
    #[arg(long, value_name = "BITS", default_value = "15")]
    deflate_peer_window_bits: u8,
    /// Octets below which a message goes uncompressed; at 0 the shortest are judged, too.
    #[arg(long, value_name = "OCTETS", default_value = "0")]
    deflate_threshold: usize,
    /// Refer to no earlier message.
    #[arg(long)]
    deflate_no_takeover: bool,
    /// Have the peer refer to no earlier message.
    #[arg(long)]
    deflate_peer_no_takeover: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl DeflateOptions {
    /// The configuration of a connection with these.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a value is out of its range.
    pub fn config(&self) -> Result<Config, Error> {
        let deflate = Deflate::builder()
            .level(self.deflate_level)
            .memory_level(self.deflate_memory_level)
            .window_bits(self.deflate_window_bits)
            .peer_max_window_bits(self.deflate_peer_window_bits)
            .threshold(self.deflate_threshold)
            .no_context_takeover(self.deflate_no_takeover)
            .peer_no_context_takeover(self.deflate_peer_no_takeover)
            .build()
            .map_err(|error| Error::Unusable(format!("--deflate-…: {error}")))?;
        let mut config = Config::default();
        config.deflate = (self.deflate == Switch::On).then_some(deflate);
        Ok(config)
    }
}
