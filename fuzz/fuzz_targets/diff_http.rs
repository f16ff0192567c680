//! Fuzz target: any octets as a request head, to us, to httparse and to hyper. The property is [`ws_fuzz::props::diff_http`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(diff_http);
