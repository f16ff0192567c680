//! Fuzz target: any octets as a client's opening handshake. The property is [`ws_fuzz::props::http_request_head`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(http_request_head);
