//! Fuzz target: any octets to a server, however cut. The property is [`ws_fuzz::props::frame_stream_server`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(frame_stream_server);
