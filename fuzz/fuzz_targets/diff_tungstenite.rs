//! Fuzz target: any octets, to us and to tungstenite. The property is [`ws_fuzz::props::diff_tungstenite`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(diff_tungstenite);
