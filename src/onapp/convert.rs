//! From OnApp's fields to the model. Nothing here fails.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::model::{
    Account, Allowance, Backup, BackupCosts, BackupLimit, Disk, Interval, Machine, Policy, Preset, Schedule, Target,
    TargetKind, Transaction,
};

pub fn backup(value: &Value) -> Backup {
    Backup {
        machine: None,
        id: word(value, "id"),
        identifier: word(value, "identifier"),
        backup_type: word(value, "backup_type"),
        initiated: word(value, "initiated"),
        target_type: word(value, "target_type").or_else(|| word(value, "disk_id").map(|_| "Disk".to_owned())),
        target_id: word(value, "target_id").or_else(|| word(value, "disk_id")),
        size_kib: word(value, "backup_size").and_then(|size| size.parse().ok()),
        built: flag(value, "built"),
        built_at: instant(value, "built_at"),
        created_at: instant(value, "created_at"),
        locked: flag(value, "locked"),
        marked_for_delete: flag(value, "marked_for_delete"),
        note: word(value, "note").filter(|note| !note.is_empty()),
        operating_system: word(value, "operating_system"),
        distribution: word(value, "operating_system_distro"),
        backup_server_id: word(value, "backup_server_id"),
    }
}

/// Reads a recovery point. Its size is in bytes (documented), unlike that of a backup.
pub fn recovery_point(value: &Value) -> Backup {
    let state = word(value, "state");
    Backup {
        id: word(value, "id"),
        backup_type: Some("recovery point".to_owned()),
        target_type: word(value, "virtual_machine_id").map(|_| "VirtualMachine".to_owned()),
        target_id: word(value, "virtual_machine_id"),
        size_kib: word(value, "size").and_then(|size| size.parse::<f64>().ok()).map(|bytes| bytes / 1024.0),
        // Both words stand for one that can be restored (documented samples).
        built: state.map(|state| matches!(state.as_str(), "built" | "available")),
        created_at: instant(value, "created_at"),
        backup_server_id: word(value, "resource_id"),
        ..Backup::default()
    }
}

/// Reads a disk. OnApp has no word for its state: `built` and `locked` say it.
pub fn disk(value: &Value) -> Disk {
    let state = match (flag(value, "built"), flag(value, "locked")) {
        (_, Some(true)) => Some("locked"),
        (Some(true), _) => Some("built"),
        (Some(false), _) => Some("not built"),
        (None, _) => None,
    };
    Disk {
        id: word(value, "id"),
        name: word(value, "label").filter(|label| !label.is_empty()).or_else(|| word(value, "identifier")),
        size_in_gb: integer(value, "disk_size"),
        state: state.map(str::to_owned),
        created_at: instant(value, "created_at").map(Timestamp::as_second),
        machine_id: word(value, "virtual_machine_id"),
        boot: flag(value, "primary"),
        is_swap: flag(value, "is_swap"),
        ..Disk::default()
    }
}

/// Reads a transaction. What it is about stands in one of two pairs of fields: a network interface can be the parent
/// and the VM associated (documented sample).
pub fn transaction(value: &Value) -> Transaction {
    Transaction {
        id: word(value, "id"),
        action: word(value, "action"),
        status: word(value, "status"),
        parent: pair(value, "parent_type", "parent_id"),
        associated: pair(value, "associated_object_type", "associated_object_id"),
        waits_for: word(value, "dependent_transaction_id"),
        created_at: instant(value, "created_at"),
        started_at: instant(value, "started_at"),
        updated_at: instant(value, "updated_at"),
        log: word(value, "log_output").filter(|log| !log.trim().is_empty()),
    }
}

/// Reads a schedule as a policy. The time of day stands in the next run only, and is read in UTC, so
/// that it is the same for everyone.
pub fn schedule(value: &Value) -> Policy {
    let kind = match word(value, "target_type").as_deref() {
        Some("VirtualMachine") => TargetKind::VirtualMachine,
        Some("Disk") => TargetKind::Disk,
        // A number alone names nothing: VMs and disks are numbered apart.
        _ => TargetKind::Other,
    };
    let interval = word(value, "period").map(|period| match period.as_str() {
        "days" => Interval::Daily,
        "weeks" => Interval::Weekly,
        "months" => Interval::Monthly,
        "years" => Interval::Yearly,
        _ => Interval::Other(period),
    });
    // Whether it runs is known by its status alone, and another action makes no backups.
    let is_backup = value.get("action").is_none_or(|action| action.is_null() || action == "autobackup");
    let status = word(value, "status").filter(|_| is_backup).unwrap_or_else(|| "unknown".to_owned());
    let start = instant(value, "start_at");
    let clock = start.map(|start| start.to_zoned(TimeZone::UTC));
    let next = start.filter(|_| status == "enabled");
    let last = last_run(value);
    Policy {
        id: word(value, "id"),
        // A disk keeps one backup of each schedule, whatever was entered (documented for 5.0).
        retention: if kind == TargetKind::Disk { Some(1) } else { integer(value, "rotation_period") },
        target: Target { kind, id: word(value, "target_id"), name: None },
        schedule: Schedule {
            interval,
            frequency: integer(value, "duration"),
            time: clock.as_ref().map(|clock| clock.hour().into()),
            minute: clock.as_ref().map(|clock| clock.minute().into()),
            is_utc: true,
            next_invocation_at: next.map(Timestamp::as_second),
        },
        status: Some(status),
        failures: integer(value, "failure_count"),
        last_run: last.as_ref().map(|(at, _)| at.as_second()),
        last_status: last.and_then(|(_, status)| status),
        ..Policy::default()
    }
}

/// Reads a preset, from which `autobackup on` makes a schedule.
pub fn preset(value: &Value) -> Preset {
    let schedule = schedule(value);
    Preset {
        id: word(value, "id"),
        schedule: schedule.schedule,
        retention: integer(value, "rotation_period"),
        enabled: flag(value, "enabled"),
    }
}

/// The newest run that the schedule's log knows; in which order the log stands is not documented.
fn last_run(value: &Value) -> Option<(Timestamp, Option<String>)> {
    let logs = value.get("schedule_logs")?.as_array()?;
    let runs = logs.iter().filter_map(|log| {
        let log = log.get("schedule_log").unwrap_or(log);
        Some((instant(log, "created_at")?, word(log, "status")))
    });
    runs.max_by_key(|(at, _)| *at)
}

/// Says a size that the API gives in MB, as GiB.
fn memory(megabytes: i64) -> String {
    match (megabytes / 1024, megabytes % 1024 * 10 / 1024) {
        (whole, 0) if megabytes >= 1024 => format!("{whole} GiB"),
        (whole, tenth) if megabytes >= 103 => format!("{whole}.{tenth} GiB"),
        _ => format!("{megabytes} MiB"),
    }
}

/// Reads an integer, written as `7`, `"7"` or `7.0`.
pub(super) fn integer(value: &Value, name: &str) -> Option<i64> {
    let text = word(value, name)?;
    let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
    whole.map_or(text.as_str(), |(whole, _)| whole).parse().ok()
}

fn pair(value: &Value, kind: &str, id: &str) -> Option<(String, String)> {
    Some((word(value, kind)?, word(value, id)?))
}

/// Reads a virtual server.
pub fn machine(value: &Value) -> Machine {
    let state = match (flag(value, "booted"), word(value, "state")) {
        (_, Some(state)) if !state.is_empty() => Some(state),
        (Some(true), _) => Some("started".to_owned()),
        (Some(false), _) => Some("stopped".to_owned()),
        (None, _) => None,
    };
    Machine {
        id: word(value, "id"),
        identifier: word(value, "identifier"),
        name: word(value, "label"),
        hostname: word(value, "hostname"),
        fqdn: word(value, "fqdn"),
        state,
        operating_system: word(value, "operating_system"),
        has_incremental_backups: flag(value, "support_incremental_backups"),
        package: word(value, "template_label"),
        zone: None,
        addresses: Vec::new(),
        cpu_cores: integer(value, "cpus"),
        memory: integer(value, "memory").map(memory),
        created_at: instant(value, "created_at").map(Timestamp::as_second),
        tags: Vec::new(),
        description: None,
        annotations: Vec::new(),
    }
}

/// Reads whose an account is, and which bucket it has.
pub fn account(value: &Value) -> Account {
    Account { id: word(value, "id"), bucket_id: word(value, "bucket_id") }
}

/// Reads what a bucket says of backups. Names of fields are those of two clients; `backups_resource` counts backups on
/// compute resources by `limit` and `price` alone.
pub fn limit(pair: &Value) -> BackupLimit {
    let (control, card) = (&pair["access_control"], &pair["rate_card"]);
    let (limits, prices) = (&control["limits"], &card["prices"]);
    let either = |name: &str| word(control, name).or_else(|| word(card, name));
    let kind = either("type").unwrap_or_default();
    BackupLimit {
        resource: Some(kind.strip_suffix("_resource").unwrap_or(&kind).replace('_', " ")),
        zone_id: either("target_id"),
        zone: either("target_name"),
        server_type: either("server_type"),
        max_backups: allowance(limits, "limit_backup", quantity).or_else(|| allowance(limits, "limit", quantity)),
        max_size: allowance(limits, "limit_backup_disk_size", gigabytes),
        free_backups: quantity(prices, "limit_backup_free").or_else(|| quantity(prices, "limit_free")),
        free_size: gigabytes(prices, "limit_backup_disk_size_free"),
        price_backup: quantity(prices, "price_backup").or_else(|| quantity(prices, "price")),
        price_gb: quantity(prices, "price_backup_disk_size").or_else(|| quantity(prices, "price_recovery_point_size")),
        period: word(card, "timing_strategy"),
    }
}

fn allowance(limits: &Value, name: &str, read: fn(&Value, &str) -> Option<f64>) -> Option<Allowance> {
    match limits.get(name)? {
        Value::Null => Some(Allowance::Unlimited),
        _ => read(limits, name).map(Allowance::UpTo),
    }
}

/// Reads a number that may be a text.
fn quantity(value: &Value, name: &str) -> Option<f64> {
    word(value, name)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads a size in GB that may be a text, with its unit: `"2 GB"` (test suite). A unit that is not known is not guessed.
fn gigabytes(value: &Value, name: &str) -> Option<f64> {
    let text = word(value, name)?;
    let text = text.trim();
    // An exponent is a part of the number: `1e3`.
    let Err(_) = text.parse::<f64>() else { return quantity(value, name) };
    let (number, unit) = text.split_at(text.find(|symbol: char| symbol.is_ascii_alphabetic())?);
    let factor = match unit.to_ascii_uppercase().as_str() {
        "MB" => 1.0 / 1024.0,
        "GB" => 1.0,
        "TB" => 1024.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok()?;
    Some(number * factor).filter(|size| size.is_finite())
}

/// Reads what a user's backups cost.
pub fn costs(value: &Value) -> BackupCosts {
    BackupCosts {
        user_id: word(value, "user_id"),
        backup_cost: quantity(value, "backup_cost"),
        backup_count_cost: quantity(value, "backup_count_cost"),
        backup_disk_size_cost: quantity(value, "backup_disk_size_cost"),
        recovery_point_cost: quantity(value, "recovery_point_cost"),
        total_cost: quantity(value, "total_cost"),
        currency: word(value, "currency_code"),
        stat_time: instant(value, "stat_time"),
    }
}

/// Reads a string or a number as text: ids and sizes come as either (recorded).
pub(super) fn word(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn flag(value: &Value, name: &str) -> Option<bool> {
    let value = value.get(name)?;
    let word = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    match word.as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

pub(super) fn instant(value: &Value, name: &str) -> Option<Timestamp> {
    time(value.get(name)?.as_str()?)
}

/// Reads a time with its offset: `Z`, `+00:00` and `+03:00` are all recorded, and `2015-08-13 02:00:49 UTC` of old clouds.
pub fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_utc = || text.strip_suffix("UTC").and_then(|text| format!("{}Z", text.trim_end()).parse().ok());
    let with_offset = || Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text).ok();
    text.parse().ok().or_else(in_utc).or_else(with_offset)
}
