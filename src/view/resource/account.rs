//! What an account may use, and what its backups cost.

use crate::model::{Allowance, BackupCosts, BackupLimit};
use crate::view::cell::UNLIMITED;
use crate::view::{Cell, Column, Resource};

impl Resource for BackupLimit {
    const PLURAL: &'static str = "backup limits";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("resource", |limit, _| Cell::text(limit.resource.as_deref())).flexible(),
        Column::<Self>::new("zone", |limit, _| Cell::text(limit.zone.as_deref().or(limit.zone_id.as_deref())))
            .flexible(),
        Column::<Self>::new("zone_id", |limit, _| Cell::text(limit.zone_id.as_deref())).right().wide(),
        Column::<Self>::new("server_type", |limit, _| Cell::text(limit.server_type.as_deref())).rank(3),
        Column::<Self>::new("max_backups", |limit, _| allowance(limit.max_backups)).allowance(),
        Column::<Self>::new("max_gb", |limit, _| allowance(limit.max_size)).allowance(),
        Column::<Self>::new("free_backups", |limit, _| amount(limit.free_backups)).number().rank(2),
        Column::<Self>::new("free_gb", |limit, _| amount(limit.free_size)).number().rank(2),
        Column::<Self>::new("price_backup", |limit, _| amount(limit.price_backup)).number().rank(1),
        Column::<Self>::new("price_gb", |limit, _| amount(limit.price_gb)).number().rank(1),
        Column::<Self>::new("period", |limit, _| Cell::text(limit.period.as_deref())).rank(1),
    ];

    fn id(&self) -> &str {
        self.zone_id.as_deref().unwrap_or_default()
    }
}

impl Resource for BackupCosts {
    const PLURAL: &'static str = "backup costs";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("user_id", |costs, _| Cell::text(costs.user_id.as_deref())).right().wide(),
        Column::<Self>::new("backup_count_cost", |costs, _| amount(costs.backup_count_cost)).number(),
        Column::<Self>::new("backup_disk_size_cost", |costs, _| amount(costs.backup_disk_size_cost)).number(),
        Column::<Self>::new("backup_cost", |costs, _| amount(costs.backup_cost)).number().rank(1),
        Column::<Self>::new("recovery_point_cost", |costs, _| amount(costs.recovery_point_cost)).number().rank(1),
        Column::<Self>::new("total_cost", |costs, _| amount(costs.total_cost)).number(),
        Column::<Self>::new("currency", |costs, _| Cell::text(costs.currency.as_deref())),
        Column::<Self>::new("stat_time", |costs, _| Cell::instant(costs.stat_time)).time().rank(2),
    ];

    fn id(&self) -> &str {
        self.user_id.as_deref().unwrap_or_default()
    }
}

fn allowance(allowance: Option<Allowance>) -> Cell<'static> {
    match allowance {
        None => Cell::Absent,
        Some(Allowance::Unlimited) => Cell::Ranked(UNLIMITED.into(), f64::INFINITY),
        Some(Allowance::UpTo(number)) => amount(Some(number)),
    }
}

/// A number that may have a fraction. One that has more digits than are exact is written with an exponent.
fn amount(amount: Option<f64>) -> Cell<'static> {
    let text = |amount: f64| if amount.abs() < 1e15 { amount.to_string() } else { format!("{amount:e}") };
    amount.map_or(Cell::Absent, |amount| Cell::Ranked(text(amount).into(), amount))
}
