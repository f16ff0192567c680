//! Fuzz target: any octets as Sec-WebSocket-Extensions, and what is negotiated. The property is [`ws_fuzz::props::extension_header`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(extension_header);
