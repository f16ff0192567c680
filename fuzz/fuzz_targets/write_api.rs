//! Fuzz target: any calls in any order on the sending side. The property is [`ws_fuzz::props::write_api`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(write_api);
