//! What is sent of a schedule, made from the model. Reads no clock: when it runs next is given.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::convert;
use crate::model::{Change, Interval, PolicyPatch, TargetKind};

/// What an update sends: all that can be set.
const SETTINGS: [&str; 5] = ["duration", "period", "rotation_period", "start_at", "status"];

/// The fields of a new schedule, or those of a deleted one that is made again. A client names the target although the path
/// does, too.
pub fn created(kind: TargetKind, target: &str, settings: Map<String, Value>) -> Value {
    let number: Value = target.parse::<u64>().map_or_else(|_| target.into(), Value::from);
    let mut fields = json!({
        "action": "autobackup",
        "target_type": if kind == TargetKind::Disk { "Disk" } else { "VirtualMachine" },
        "target_id": number,
    });
    if let Some(fields) = fields.as_object_mut() {
        fields.extend(settings);
    }
    fields
}

/// The settings of a new schedule; without a start the cloud decides when it runs first.
pub fn new_settings(patch: &PolicyPatch, start: Option<Timestamp>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("duration".to_owned(), patch.frequency.unwrap_or(1).into());
    if let Some(period) = patch.interval.as_ref().and_then(period) {
        fields.insert("period".to_owned(), period.into());
    }
    fields.insert("rotation_period".to_owned(), patch.retention.unwrap_or(1).into());
    if let Some(start) = start {
        fields.insert("start_at".to_owned(), start.to_string().into());
    }
    fields.insert("status".to_owned(), status(patch.enabled.unwrap_or(true)).into());
    fields
}

/// What a schedule can be set to, as the cloud has it. A status such as `failed` is set by the cloud alone (inferred), and is
/// left as it is.
pub fn settings(raw: &Value) -> Map<String, Value> {
    let is_own = |name: &&str| *name == "status" && !matches!(raw[*name].as_str(), Some("enabled" | "disabled"));
    let set = SETTINGS.into_iter().filter(|name| !raw[*name].is_null() && !is_own(name));
    set.map(|name| (name.to_owned(), raw[name].clone())).collect()
}

/// When it is set to run next.
pub fn start(raw: &Value) -> Option<Timestamp> {
    convert::instant(raw, "start_at")
}

/// Every how many periods it runs.
pub fn duration(raw: &Value) -> Option<i64> {
    convert::integer(raw, "duration")
}

/// The fields of an update: the whole schedule as it will stand, `start` where the next run moves.
pub fn updated(raw: &Value, change: &Change, start: Option<Timestamp>) -> Value {
    let mut fields = settings(raw);
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Some(retention) = change.retention {
        set("rotation_period", retention.into());
    }
    if let Some(schedule) = change.schedule.as_ref().filter(|_| change.has("interval") || change.has("frequency")) {
        if let Some(period) = schedule.interval.as_ref().and_then(period) {
            set("period", period.into());
        }
        set("duration", schedule.frequency.unwrap_or(1).into());
    }
    if let Some(start) = start {
        set("start_at", start.to_string().into());
    }
    if let Some(enabled) = change.enabled {
        set("status", status(enabled).into());
    }
    Value::Object(fields)
}

fn status(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

/// The cloud's word for an interval; none for one that it does not have.
fn period(interval: &Interval) -> Option<&'static str> {
    match interval {
        Interval::Daily => Some("days"),
        Interval::Weekly => Some("weeks"),
        Interval::Monthly => Some("months"),
        Interval::Yearly => Some("years"),
        Interval::Hourly | Interval::Other(_) => None,
    }
}
