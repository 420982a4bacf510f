//! Metrics of the process, read on demand from the operating system.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::registry::{Metric, Metrics};

/// Unit of processor time in `/proc`, per second.
const TICKS_A_SECOND: f64 = 100.0;

const CPU: Metric = metric("process_cpu_seconds_total", "counter", "CPU time used by this process");
const MEMORY: Metric =
    metric("process_resident_memory_bytes", "gauge", "Resident memory of this process");
const FILES: Metric = metric("process_open_fds", "gauge", "Open files and sockets of this process");
const START: Metric = metric(
    "process_start_time_seconds",
    "gauge",
    "Start time of this process, in seconds since 1970",
);

const fn metric(name: &'static str, kind: &'static str, help: &'static str) -> Metric {
    Metric { name, kind, labels: Vec::new(), help }
}

/// Registers the process metrics.
pub(super) fn register(metrics: &Metrics) {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    metrics.collector(&[CPU, MEMORY, FILES, START], Process { started });
}

#[derive(Debug)]
struct Process {
    started: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut gauge = |metric: &Metric, value: Option<f64>| match value {
            // Unavailable on this system: omit the metric.
            None => Ok(()),
            Some(value) => {
                let encoder =
                    encoder.encode_descriptor(metric.name, metric.help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(encoder)
            }
        };
        gauge(&START, Some(self.started))?;
        gauge(&MEMORY, resident_bytes())?;
        gauge(&FILES, open_files())?;
        if let Some(seconds) = cpu_seconds() {
            let name = CPU.name.trim_end_matches("_total");
            let encoder = encoder.encode_descriptor(name, CPU.help, None, MetricType::Counter)?;
            ConstCounter::new(seconds).encode(encoder)?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024.0)
}

fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may contain anything; after it, user and system time are the 12th and
    // 13th field.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields =
        fields.split_whitespace().skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((fields.next()? + fields.next()?) / TICKS_A_SECOND)
}
