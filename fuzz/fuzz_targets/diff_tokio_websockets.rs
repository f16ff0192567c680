//! Fuzz target: any octets, to us and to tokio-websockets. The property is [`ws_fuzz::props::diff_tokio_websockets`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(diff_tokio_websockets);
