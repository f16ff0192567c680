//! Fuzz target: any octets, to the conformance engine in any of its cases. The property is [`ws_fuzz::props::engine_peer`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(engine_peer);
