//! Fuzz target: any octets as the payload of a Close frame. The property is [`ws_fuzz::props::close_payload`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(close_payload);
