//! Fuzz target: any octets, to a connection and to the reference endpoint. The property is [`ws_fuzz::props::session_oracle`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(session_oracle);
