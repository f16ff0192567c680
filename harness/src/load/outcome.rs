//! What a load run has shown, for people and as JSON.

use std::fmt::{self, Write as _};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use ws_core::MessageKind;

use super::connection::Tally;
use super::process::Usage;
use super::{Pace, Plan};
use crate::Error;

/// The format's name and version.
const FORMAT: &str = "wsconf.load/1";

/// What a load run has shown.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    format: &'static str,
    url: String,
    connections: usize,
    /// Closed loop: messages at once on each connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<usize>,
    /// Open loop: messages a second, all connections together.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_per_second: Option<u32>,
    payload_octets: usize,
    kind: &'static str,
    fragments: usize,
    /// permessage-deflate was agreed.
    deflate: bool,
    warm_up_seconds: f64,
    seconds: f64,
    /// Echoes that came in the measured time.
    pub echoes: u64,
    echoes_per_second: f64,
    /// Messages whose echo did not come within two seconds of the end, those of the warm-up as well.
    pub unanswered: u64,
    /// Connections that the server ended, or that brought something else than echoes.
    pub lost_connections: usize,
    /// Why the first of them was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_because: Option<String>,
    /// Open loop: how late the latest message left, in microseconds. It is part of its latency.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_late_us: Option<f64>,
    latency_us: Percentiles,
    /// What the server's process has used, if it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
}

/// Microseconds from when a message was sent (closed loop) or due (open loop) to its echo.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    min: f64,
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    p99_9: f64,
    p99_99: f64,
    max: f64,
}

/// The server's process in the measured time.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// CPU time for one echo, in nanoseconds.
    pub cpu_ns_per_echo: f64,
    /// Processors busy, on average.
    cpus: f64,
    /// Resident memory before the first connection, in octets.
    resident_alone: u64,
    /// With all connections, at the beginning of the measured time.
    resident_before: u64,
    /// At its end.
    resident_after: u64,
}

impl Outcome {
    /// # Errors
    ///
    /// [`Error::NothingRan`]: no echo came.
    pub(super) fn new(
        plan: &Plan,
        deflate: bool,
        tally: &Tally,
        latencies: &Histogram<u64>,
        server: Option<(Usage, Usage, Usage)>,
    ) -> Result<Self, Error> {
        if latencies.is_empty() {
            let why = tally.why.as_deref().unwrap_or("is it an echo server?");
            return Err(Error::NothingRan(format!("{}: no echo came: {why}", plan.url)));
        }
        let (in_flight, asked_per_second) = match plan.pace {
            Pace::InFlight(count) => (Some(count.get()), None),
            Pace::PerSecond(rate) => (None, Some(rate.get())),
        };
        let seconds = plan.duration.as_secs_f64();
        Ok(Self {
            format: FORMAT,
            url: plan.url.clone(),
            connections: plan.connections.get(),
            in_flight,
            asked_per_second,
            payload_octets: plan.payload_len,
            kind: match plan.kind {
                MessageKind::Text => "text",
                MessageKind::Binary => "binary",
            },
            fragments: plan.fragments.get(),
            deflate,
            warm_up_seconds: plan.warm_up.as_secs_f64(),
            seconds,
            echoes: tally.echoes,
            echoes_per_second: number(tally.echoes) / seconds,
            unanswered: tally.unanswered,
            lost_connections: tally.lost,
            lost_because: tally.why.clone(),
            sent_late_us: asked_per_second.map(|_| microseconds(tally.latest)),
            latency_us: Percentiles::of(latencies),
            server: server.map(|(alone, before, after)| {
                let cpu = after.cpu.saturating_sub(before.cpu);
                Server {
                    cpu_ns_per_echo: cpu.as_secs_f64() * 1e9 / number(tally.echoes.max(1)),
                    cpus: cpu.as_secs_f64() / seconds,
                    resident_alone: alone.resident,
                    resident_before: before.resident,
                    resident_after: after.resident,
                }
            }),
        })
    }

    /// As JSON, with a newline behind it.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and strings become JSON") + "\n"
    }
}

impl Percentiles {
    fn of(all: &Histogram<u64>) -> Self {
        let at = |quantile| number(all.value_at_quantile(quantile)) / 1000.0;
        Self {
            min: number(all.min()) / 1000.0,
            mean: all.mean() / 1000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: number(all.max()) / 1000.0,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut load = format!("{} connections", self.connections);
        if let Some(count) = self.in_flight {
            let _ = write!(load, ", {count} in flight on each");
        }
        if let Some(rate) = self.asked_per_second {
            let _ = write!(load, ", {rate}/s asked for");
        }
        let _ = write!(load, ", {} octets of {}", self.payload_octets, self.kind);
        if self.fragments > 1 {
            let _ = write!(load, " in {} fragments", self.fragments);
        }
        if self.deflate {
            load.push_str(", compressed");
        }
        writeln!(f, "load      {load}")?;
        let octets = self.echoes_per_second
            * f64::from(u32::try_from(self.payload_octets).unwrap_or(u32::MAX));
        writeln!(
            f,
            "echoes    {} in {} s: {:.0}/s, {:.1} MB/s each way",
            self.echoes,
            self.seconds,
            self.echoes_per_second,
            octets / 1e6
        )?;
        let Percentiles { p50, p90, p99, p99_9, p99_99, max, .. } = self.latency_us;
        writeln!(
            f,
            "latency   p50 {p50:.1}  p90 {p90:.1}  p99 {p99:.1}  p99.9 {p99_9:.1}  p99.99 {p99_99:.1}  max {max:.1} µs"
        )?;
        if let Some(late) = self.sent_late_us {
            writeln!(f, "          of which the latest message waited {late:.1} µs to be sent")?;
        }
        if let Some(server) = self.server {
            let mebi = |octets: u64| number(octets) / 1_048_576.0;
            writeln!(
                f,
                "server    {:.0} ns of CPU an echo, {:.2} CPUs; {:.1} MiB alone, {:.1} connected, {:.1} at the end",
                server.cpu_ns_per_echo,
                server.cpus,
                mebi(server.resident_alone),
                mebi(server.resident_before),
                mebi(server.resident_after)
            )?;
        }
        if self.unanswered > 0 {
            writeln!(f, "missing   {} messages without an echo", self.unanswered)?;
        }
        if let Some(why) = &self.lost_because {
            writeln!(f, "lost      {} connections; the first: {why}", self.lost_connections)?;
        }
        Ok(())
    }
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A count as a number to calculate with; from 2^53 on the last digits are lost, which nobody sees.
#[expect(clippy::cast_precision_loss, reason = "see above")]
const fn number(count: u64) -> f64 {
    count as f64
}
