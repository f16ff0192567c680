//! Fuzz target: any octets to a client, however cut. The property is [`ws_fuzz::props::frame_stream_client`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(frame_stream_client);
