//! Accounts of an OnApp cloud: what backups may take, and what they cost.

use jiff::Timestamp;

/// A user of a cloud. Its limits and prices are those of its bucket.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The number.
    pub id: Option<String>,
    /// The bucket's number; clouds before OnApp 6 have billing plans instead (client code).
    pub bucket_id: Option<String>,
}

/// How much of something a bucket allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowance {
    /// As much as one likes: the cloud answers null (inferred from a test suite).
    Unlimited,
    /// So many, or so many GB.
    UpTo(f64),
}

/// What a bucket says of one place where backups are kept: its access control, and its rate card.
#[derive(Clone, Debug, Default)]
pub struct BackupLimit {
    /// What it is about, in words: `backup server zone`, `backups` (on compute resources), `backup resource zone`
    /// (plugins).
    pub resource: Option<String>,
    /// The zone's number; none of what is counted over the whole cloud.
    pub zone_id: Option<String>,
    /// The zone's name.
    pub zone: Option<String>,
    /// The kind of servers that it holds for: `virtual`, `smart` and others.
    pub server_type: Option<String>,
    /// How many backups there may be.
    pub max_backups: Option<Allowance>,
    /// How much space they may take, in GB.
    pub max_size: Option<Allowance>,
    /// How many backups cost nothing.
    pub free_backups: Option<f64>,
    /// How many GB cost nothing.
    pub free_size: Option<f64>,
    /// What a backup costs each period, in the cloud's currency.
    pub price_backup: Option<f64>,
    /// What a GB costs each period, in the cloud's currency.
    pub price_gb: Option<f64>,
    /// The period of the prices: `hourly`, `monthly`.
    pub period: Option<String>,
}

/// What a user's backups cost, as the cloud sums it up. Amounts are in `currency`.
#[derive(Clone, Debug, Default)]
pub struct BackupCosts {
    /// The user's number.
    pub user_id: Option<String>,
    /// Backups that are kept on compute resources.
    pub backup_cost: Option<f64>,
    /// The number of backups on backup servers.
    pub backup_count_cost: Option<f64>,
    /// The space of backups on backup servers.
    pub backup_disk_size_cost: Option<f64>,
    /// Recovery points, which plugins make.
    pub recovery_point_cost: Option<f64>,
    /// Everything that the user has, VMs included.
    pub total_cost: Option<f64>,
    /// The code of the currency: `USD`.
    pub currency: Option<String>,
    /// When it was summed up.
    pub stat_time: Option<Timestamp>,
}
