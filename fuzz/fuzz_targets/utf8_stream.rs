//! Fuzz target: UTF-8 pieces against the standard library. The property is [`ws_fuzz::props::utf8_stream`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(utf8_stream);
