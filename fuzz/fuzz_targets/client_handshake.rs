//! Fuzz target: a 101 with any field lines, and frames behind it. The property is [`ws_fuzz::props::client_handshake`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(client_handshake);
