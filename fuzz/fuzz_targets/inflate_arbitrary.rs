//! Fuzz target: any octets as compressed messages, against a naive inflater. The property is [`ws_fuzz::props::inflate_arbitrary`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(inflate_arbitrary);
