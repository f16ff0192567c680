//! Fuzz target: two endpoints in memory, whatever they do. The property is [`ws_fuzz::props::duplex_model`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(duplex_model);
