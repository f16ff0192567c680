//! Fuzz target: messages that are compressed reach every peer. The property is [`ws_fuzz::props::deflate_roundtrip`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(deflate_roundtrip);
