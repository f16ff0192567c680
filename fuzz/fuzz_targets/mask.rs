//! Fuzz target: masking against the naive octet by octet. The property is [`ws_fuzz::props::mask`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(mask);
