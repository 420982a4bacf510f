//! `sector capacity`: estimates how many machines N players need, from the cost of single
//! operations. Every figure has a flag. docs/explanation/scaling.md says how the defaults were
//! measured and what the estimate leaves out.

use clap::Args;
use process_kit::config::integer;
use serde::Serialize;

use crate::tool::{Error, say};

/// Maximum number of seats in a universe.
const SEATS_MAX: u64 = 64;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Players connected at the same time
    #[arg(long, default_value_t = 1_000_000, value_parser = integer(1..=100_000_000u64))]
    players: u64,
    /// Players per sector: one per faction
    #[arg(long, default_value_t = 32, value_parser = integer(1..=SEATS_MAX))]
    players_per_sector: u64,
    /// Time between ticks, in milliseconds
    #[arg(long, default_value_t = 1_000, value_parser = integer(10..=600_000u64))]
    tick_ms: u64,
    /// Orders per player and minute
    #[arg(long, default_value_t = 6, value_parser = integer(0..=1_200u64))]
    orders_per_minute: u64,
    /// Spectators per player
    #[arg(long, default_value_t = 0, value_parser = integer(0..=100u64))]
    watchers_per_player: u64,
    /// Planned use of a core, in percent; the rest is headroom for peaks and failover
    #[arg(long, default_value_t = 50, value_parser = integer(1..=100u64))]
    utilization: u64,
    #[command(flatten)]
    figures: Figures,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Costs of single operations. docs/explanation/scaling.md says which were measured;
/// `scripts/measure.py` measures yours.
#[derive(Debug, Clone, Copy, Args)]
struct Figures {
    /// CPU time of a sim-worker per tick, in microseconds
    #[arg(long, default_value_t = 650, value_parser = integer(0..=1_000_000u64), value_name = "US")]
    worker_us_per_tick: u64,
    /// CPU time of Redis per tick, in microseconds
    #[arg(long, default_value_t = 800, value_parser = integer(0..=1_000_000u64), value_name = "US")]
    redis_us_per_tick: u64,
    /// CPU time of Redis per order sent alone, including its outcome, in microseconds
    #[arg(long, default_value_t = 45, value_parser = integer(0..=1_000_000u64), value_name = "US")]
    redis_us_per_order: u64,
    /// Memory of Redis per stored tick, in bytes: events, record and outcomes
    #[arg(long, default_value_t = 19_000, value_parser = integer(0..=1_000_000u64), value_name = "BYTES")]
    redis_bytes_per_tick: u64,
    /// Stored ticks (`EVENT_STREAM_MAXLEN`)
    #[arg(long, default_value_t = 10_000, value_parser = integer(100..=1_000_000u64), value_name = "NUMBER")]
    ticks_kept: u64,
    /// Growth of the append-only file per tick, in bytes
    #[arg(long, default_value_t = 25_000, value_parser = integer(0..=1_000_000u64), value_name = "BYTES")]
    log_bytes_per_tick: u64,
    /// CPU time of the API per order, in microseconds
    #[arg(long, default_value_t = 69, value_parser = integer(0..=1_000_000u64), value_name = "US")]
    api_us_per_order: u64,
    /// CPU time of a frontend per client and tick, in microseconds
    #[arg(long, default_value_t = 15, value_parser = integer(0..=1_000_000u64), value_name = "US")]
    frontend_us_per_watcher_and_tick: u64,
    /// Memory of a frontend per client, in kilobytes
    #[arg(long, default_value_t = 103, value_parser = integer(0..=1_000_000u64), value_name = "KB")]
    frontend_kb_per_watcher: u64,
    /// Bytes sent per client and tick
    #[arg(long, default_value_t = 1_200, value_parser = integer(0..=1_000_000u64), value_name = "BYTES")]
    bytes_per_watcher_and_tick: u64,
    /// Maximum clients per frontend (`WS_MAX_CLIENTS`)
    #[arg(long, default_value_t = 20_000, value_parser = integer(1..=100_000u64), value_name = "NUMBER")]
    clients_per_frontend: u64,
    /// Memory of a Redis node, in gigabytes; half of it is reserved for rewriting the append-only
    /// file
    #[arg(long, default_value_t = 16, value_parser = integer(1..=4_096u64), value_name = "GB")]
    redis_node_gb: u64,
}

/// The estimate.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Plan {
    sectors: u64,
    ticks_per_second: u64,
    orders_per_second: u64,
    watchers: u64,
    worker_cores: u64,
    redis_nodes: u64,
    /// What limits the number of nodes: `cpu` or `memory`.
    redis_bound: &'static str,
    redis_gb: u64,
    log_mb_per_second: u64,
    api_cores: u64,
    frontends: u64,
    /// What limits the number of frontends: `clients` or `cpu`.
    frontend_bound: &'static str,
    frontend_gb: u64,
    outgoing_mbit_per_second: u64,
}

impl Options {
    fn plan(&self) -> Plan {
        let f = &self.figures;
        let sectors = self.players.div_ceil(self.players_per_sector);
        let ticks_per_second = (sectors * 1_000).div_ceil(self.tick_ms);
        let orders_per_second = (self.players * self.orders_per_minute).div_ceil(60);
        let watchers = self.players * (1 + self.watchers_per_player);
        let sent_per_second = (watchers * 1_000).div_ceil(self.tick_ms);
        let cores = |us_per_second: u64| {
            (us_per_second * 100).div_ceil(1_000_000 * self.utilization).max(1)
        };

        // A Redis node uses one core.
        let by_cpu = cores(
            ticks_per_second * f.redis_us_per_tick + orders_per_second * f.redis_us_per_order,
        );
        let redis_kb = sectors * (f.redis_bytes_per_tick * f.ticks_kept).div_ceil(1_000);
        let by_memory = (redis_kb * 2).div_ceil(f.redis_node_gb * 1_000_000).max(1);
        let by_clients = watchers.div_ceil(f.clients_per_frontend);
        let frontend_cores = cores(sent_per_second * f.frontend_us_per_watcher_and_tick);
        Plan {
            sectors,
            ticks_per_second,
            orders_per_second,
            watchers,
            worker_cores: cores(ticks_per_second * f.worker_us_per_tick),
            redis_nodes: by_cpu.max(by_memory),
            redis_bound: if by_cpu >= by_memory { "cpu" } else { "memory" },
            redis_gb: redis_kb.div_ceil(1_000_000),
            log_mb_per_second: (ticks_per_second * f.log_bytes_per_tick).div_ceil(1_000_000),
            api_cores: cores(orders_per_second * f.api_us_per_order),
            frontends: by_clients.max(frontend_cores),
            frontend_bound: if frontend_cores > by_clients { "cpu" } else { "clients" },
            frontend_gb: (watchers * f.frontend_kb_per_watcher).div_ceil(1_000_000),
            outgoing_mbit_per_second: (sent_per_second * f.bytes_per_watcher_and_tick * 8)
                .div_ceil(1_000_000),
        }
    }
}

pub(crate) fn capacity(options: &Options) -> Result<(), Error> {
    let plan = options.plan();
    if options.json {
        return say(&serde_json::to_string_pretty(&plan)?);
    }
    let f = &options.figures;
    let percent = options.utilization;
    say(&format!(
        "{} players, {} per sector, a tick every {} ms, {} orders per minute each; cores are planned at {percent} % use\n",
        options.players, options.players_per_sector, options.tick_ms, options.orders_per_minute
    ))?;
    let lines = [
        ("sectors", plan.sectors, format!("{} ticks/s in total", plan.ticks_per_second)),
        (
            "worker cores",
            plan.worker_cores,
            format!("{} us per tick; on any number of machines", f.worker_us_per_tick),
        ),
        (
            "Redis nodes",
            plan.redis_nodes,
            format!(
                "masters of a cluster, one core each, limited by {}; {} GB in total, {} MB/s of log",
                plan.redis_bound, plan.redis_gb, plan.log_mb_per_second
            ),
        ),
        ("API cores", plan.api_cores, format!("{} orders/s", plan.orders_per_second)),
        (
            "frontends",
            plan.frontends,
            format!(
                "one core each, limited by {}; {} watchers, {} GB in total",
                plan.frontend_bound, plan.watchers, plan.frontend_gb
            ),
        ),
        (
            "Mbit/s out",
            plan.outgoing_mbit_per_second,
            format!("{} bytes per tick and watcher", f.bytes_per_watcher_and_tick),
        ),
    ];
    for (what, number, why) in lines {
        say(&format!("{what:<14}{number:>12}   {why}"))?;
    }
    say(
        "\ndocs/explanation/scaling.md says how the figures were measured, and what the estimate leaves out.",
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn plan(arguments: &str) -> Plan {
        let arguments = std::iter::once("capacity").chain(arguments.split_whitespace());
        Command::try_parse_from(arguments).unwrap().options.plan()
    }

    const FIGURES: &str = "--worker-us-per-tick 1000 --redis-us-per-tick 200 --redis-us-per-order 20 --redis-bytes-per-tick 2000 --ticks-kept 5000 \
                           --log-bytes-per-tick 5000 --api-us-per-order 100 --frontend-us-per-watcher-and-tick 10 \
                           --frontend-kb-per-watcher 40 --bytes-per-watcher-and-tick 1000 --clients-per-frontend 10000";

    #[test]
    fn the_estimate_equals_a_manual_calculation() {
        let plan = plan(&format!(
            "--players 1000000 --players-per-sector 50 --tick-ms 1000 --orders-per-minute 6 {FIGURES}"
        ));
        let wanted = Plan {
            sectors: 20_000,
            ticks_per_second: 20_000,
            orders_per_second: 100_000,
            watchers: 1_000_000,
            // 20 s of CPU time per second, at 50 % use.
            worker_cores: 40,
            // CPU: 4 s for ticks and 2 s for orders, at 50 % use. Memory: twice 200 GB, on nodes of
            // 16 GB.
            redis_nodes: 25,
            redis_bound: "memory",
            redis_gb: 200,
            log_mb_per_second: 100,
            api_cores: 20,
            frontends: 100,
            frontend_bound: "clients",
            frontend_gb: 40,
            outgoing_mbit_per_second: 8_000,
        };
        assert_eq!(plan, wanted);
    }

    #[test]
    fn one_player_needs_one_of_each_and_more_load_needs_more() {
        let small = plan(&format!("--players 1 {FIGURES}"));
        let ones = (
            small.sectors,
            small.worker_cores,
            small.redis_nodes,
            small.api_cores,
            small.frontends,
        );
        assert_eq!(ones, (1, 1, 1, 1, 1));
        let base = plan(FIGURES);
        assert!(plan(&format!("--tick-ms 300 {FIGURES}")).worker_cores > base.worker_cores * 3);
        assert!(plan(&format!("--utilization 25 {FIGURES}")).api_cores > base.api_cores);
        assert!(
            plan(&format!("--watchers-per-player 9 {FIGURES}")).frontends >= base.frontends * 10
        );
        let quick = plan(&format!("--tick-ms 10 {FIGURES}"));
        assert_eq!((quick.redis_bound, quick.frontend_bound), ("cpu", "cpu"));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (bad, allowed) in [
            ("--players 0", "from 1"),
            ("--players-per-sector 65", "to 64"),
            ("--utilization 101", "to 100"),
        ] {
            let arguments = std::iter::once("capacity").chain(bad.split_whitespace());
            let error = Command::try_parse_from(arguments).unwrap_err().to_string();
            assert!(error.contains(allowed), "{error}");
        }
    }
}
