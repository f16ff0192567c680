//! Fuzz target: any octets as a frame header. The property is [`ws_fuzz::props::frame_parse`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(frame_parse);
