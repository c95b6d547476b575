//! The one user of the cloud: its account, its bucket, and what its backups cost. The fields are those of client code; the
//! amounts are made up.

use serde_json::{Value, json};

use super::answer::{Answer, Refused};
use super::reads::Read;
use crate::sandbox::cloud::times::{Zone, parse, timestamp};
use crate::sandbox::cloud::{Record, USER, number, record};

/// The bucket of the user.
const BUCKET: &str = "3";
/// What a backup costs an hour, and a GB.
const PRICES: (f64, f64) = (0.1, 0.05);
/// How many backups, and how many GB, cost nothing.
const FREE: (f64, f64) = (2.0, 5.0);

impl Read<'_> {
    /// Answers below `/profile`, `/users` and `/billing`.
    pub(super) fn account(&self, path: &[&str]) -> Result<Answer, Refused> {
        let is_own = |id: &str| id.parse() == Ok(USER);
        match path {
            ["profile"] if !self.mode.superb => Ok(Answer::One("user", self.user())),
            ["users", id] if is_own(id) => Ok(Answer::One("user", self.user())),
            ["users", id, "backups"] if is_own(id) => Ok(self.backups(|_| true)),
            ["users", id, "user_statistics"] if is_own(id) => self.statistics(),
            ["billing", "buckets", BUCKET, "access_controls"] => {
                Ok(Answer::Many("access_controls", "access_control", access_controls()))
            }
            ["billing", "buckets", BUCKET, "rate_cards"] => Ok(Answer::Many("rate_cards", "rate_card", rate_cards())),
            _ => Err(Refused::NotFound),
        }
    }

    /// Clouds before OnApp 6 have billing plans in the place of buckets.
    fn user(&self) -> Record {
        let (name, id) = if self.mode.old_replies { ("billing_plan_id", 7) } else { ("bucket_id", 3) };
        let mut user = record(json!({
            "id": USER, "login": "ops", "email": "ops@example.com", "status": "active", "remember_token": "4f1d0c2e",
        }));
        user.insert(name.to_owned(), Value::from(id));
        user
    }

    /// Sums up what the user's backups cost in a period; without one, in an hour.
    fn statistics(&self) -> Result<Answer, Refused> {
        let hours = match self.query.get("period") {
            None => 1.0,
            Some(period) => {
                let at = |name: &str| period.get(name).and_then(Value::as_str).and_then(parse);
                let (Some(start), Some(end)) = (at("startdate"), at("enddate")) else {
                    return Err(Refused::BadRequest);
                };
                whole((end - start).max(0).unsigned_abs() / 3_600)
            }
        };
        let kilobytes: u64 = self.cloud.backups.iter().filter_map(|backup| number(&backup.record, "backup_size")).sum();
        let (count, gigabytes) = (self.cloud.backups.len() as u64, kilobytes / 1_048_576);
        let cost = |amount: u64, free: f64, price: f64| {
            ((whole(amount) - free).max(0.0) * price * hours * 100.0).round() / 100.0
        };
        let (count, size) = (cost(count, FREE.0, PRICES.0), cost(gigabytes, FREE.1, PRICES.1));
        Ok(Answer::One(
            "user_stat",
            record(json!({
                "user_id": USER,
                "backup_cost": 0.0,
                "backup_count_cost": count,
                "backup_disk_size_cost": size,
                "recovery_point_cost": 0.0,
                "vm_cost": 12.5 * hours,
                "total_cost": count + size + 12.5 * hours,
                "currency_code": "USD",
                "stat_time": timestamp(self.now, Zone::Zero),
            })),
        ))
    }
}

#[expect(clippy::cast_precision_loss, reason = "amounts are small")]
fn whole(number: u64) -> f64 {
    number as f64
}

/// A limit of null is none (a test suite).
fn access_controls() -> Vec<Record> {
    let control = |kind: &str, target: Value, name: Value, limits: Value| {
        record(json!({
            "bucket_id": 3, "server_type": "virtual", "type": kind, "target_id": target, "target_name": name,
            "timing_strategy": null, "preferences": { "use_cpu_units": false }, "limits": limits,
        }))
    };
    vec![
        control(
            "compute_zone_resource",
            1.into(),
            "Zone 1".into(),
            json!({ "limit_cpu": 64, "limit_memory": 262_144 }),
        ),
        control(
            "backup_server_zone_resource",
            12.into(),
            "Backups Frankfurt".into(),
            json!({ "limit_backup": 40, "limit_backup_disk_size": 500, "limit_template": null }),
        ),
        control(
            "backup_server_zone_resource",
            14.into(),
            "Backups Vienna".into(),
            json!({ "limit_backup": null, "limit_backup_disk_size": "250.0" }),
        ),
        control("backups_resource", Value::Null, Value::Null, json!({ "limit": 10 })),
    ]
}

fn rate_cards() -> Vec<Record> {
    let card = |kind: &str, target: Value, name: Value, prices: Value| {
        record(json!({
            "bucket_id": 3, "server_type": "virtual", "type": kind, "target_id": target, "target_name": name,
            "timing_strategy": "hourly", "prices": prices,
        }))
    };
    let prices = json!({
        "limit_backup_free": FREE.0, "limit_backup_disk_size_free": format!("{} GB", FREE.1),
        "price_backup": PRICES.0, "price_backup_disk_size": PRICES.1,
    });
    vec![
        card("backup_server_zone_resource", 12.into(), "Backups Frankfurt".into(), prices),
        card("backups_resource", Value::Null, Value::Null, json!({ "limit_free": 0, "price": 0.2 })),
        card("template_resource", Value::Null, Value::Null, json!({ "price": 1.0 })),
    ]
}
