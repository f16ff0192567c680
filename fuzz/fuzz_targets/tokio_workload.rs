//! Fuzz target: the tokio adapter, its futures dropped, on a transport that fails. The property is [`ws_fuzz::props::tokio_workload`].
#![cfg_attr(fuzzing, no_main)]
ws_fuzz::target!(tokio_workload);
