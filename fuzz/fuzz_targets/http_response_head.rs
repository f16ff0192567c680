//! Fuzz target: any octets as a server's answer. The property is [`ws_fuzz::props::http_response_head`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(http_response_head);
