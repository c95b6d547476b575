//! Creates, changes and deletes schedules, and switches autobackups on and off.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refused};
use super::parameters::integer;
use super::writes::{Answered, Write, parse};
use super::{Created, require};
use crate::sandbox::cloud::times::{Zone, after, parse as parse_time, timestamp};
use crate::sandbox::cloud::{
    PERIODS, Record, Target, USER, is_true, number, period_length, record, set, text, with_id, with_id_mut,
};

/// The members of a schedule that a client may set, checked.
struct Settings(Record);

impl Settings {
    /// Reads what is given; whether an update with a part of them merges is unknown, here it does.
    fn read(given: &Map<String, Value>) -> Result<Self, Refused> {
        let mut settings = Record::new();
        for name in ["duration", "rotation_period"] {
            if let Some(value) = given.get(name).filter(|value| !value.is_null()) {
                let number = integer(value).ok_or_else(|| Refused::Field(name, "is not a number".to_owned()))?;
                if number == 0 {
                    return Err(Refused::Field(name, "must be greater than 0".to_owned()));
                }
                set(&mut settings, name, number);
            }
        }
        if let Some(period) = given.get("period") {
            let known = PERIODS.iter().find(|known| period.as_str() == Some(known));
            let known = known.ok_or_else(|| Refused::Field("period", "is not included in the list".to_owned()))?;
            set(&mut settings, "period", *known);
        }
        if let Some(start) = given.get("start_at").filter(|start| !start.is_null()) {
            let start = start.as_str().and_then(parse_time);
            let start = start.ok_or_else(|| Refused::Field("start_at", "is invalid".to_owned()))?;
            set(&mut settings, "start_at", timestamp(start, Zone::Z));
        }
        if let Some(status) = given.get("status") {
            let is_known = matches!(status.as_str(), Some("enabled" | "disabled"));
            if !is_known {
                return Err(Refused::Field("status", "is not included in the list".to_owned()));
            }
            set(&mut settings, "status", status.clone());
        }
        Ok(Self(settings))
    }
}

impl Write<'_> {
    /// Carries out what is posted below a VM or a disk; Superb offers none of it.
    pub(super) fn schedule_target(&mut self, target: Target, rest: &[&str]) -> Answered {
        if self.mode.superb {
            return Err(Refused::NotFound);
        }
        match rest {
            ["schedules"] => self.create_schedule(target),
            ["autobackup_enable"] => self.switch_autobackups(target, true),
            ["autobackup_disable"] => self.switch_autobackups(target, false),
            _ => Err(Refused::NotFound),
        }
    }

    fn create_schedule(&mut self, target: Target) -> Answered {
        let settings = Settings::read(&self.parameters.under("schedule"))?;
        for name in ["period", "duration"] {
            if !settings.0.contains_key(name) {
                return Err(Refused::Field(name, "can't be blank".to_owned()));
            }
        }
        let id = self.add_schedule(target, settings.0);
        let made = with_id(&self.cloud.schedules, id).cloned().unwrap_or_default();
        Ok(match self.mode.created {
            Created::Object => Answer::Created("schedule", made, Some(format!("/settings/schedules/{id}"))),
            Created::Empty => Answer::CreatedEmpty,
            Created::Parent => {
                let (name, parent, location) = self.parent(target);
                Answer::CreatedUnder(name, parent, Some(location))
            }
        })
    }

    /// Stores a schedule; without a start it begins one period from now (recorded).
    fn add_schedule(&mut self, target: Target, settings: Record) -> u64 {
        let id = self.cloud.next_id();
        let now = timestamp(self.now, Zone::Z);
        let (days, months) = period_length(text(&settings, "period"));
        let mut schedule = record(json!({
            "id": id,
            "target_id": target.id(),
            "target_type": target.type_name(),
            "action": "autobackup",
            "duration": 1,
            "period": "days",
            "rotation_period": 1,
            "start_at": timestamp(after(self.now, days, months), Zone::Z),
            "status": "enabled",
            "failure_count": 0,
            "user_id": USER,
            "params": null,
            "created_at": now,
            "updated_at": now,
            "schedule_logs": [],
        }));
        schedule.extend(settings);
        self.cloud.schedules.push(schedule);
        self.mark_autobackups(target);
        id
    }

    pub(super) fn update_schedule(&mut self, id: &str) -> Answered {
        let id = parse(id)?;
        require(with_id(&self.cloud.schedules, id))?;
        let settings = Settings::read(&self.parameters.under("schedule"))?;
        let now = timestamp(self.now, Zone::Z);
        let schedule = require(with_id_mut(&mut self.cloud.schedules, id))?;
        schedule.extend(settings.0);
        set(schedule, "updated_at", now);
        Ok(Answer::Done)
    }

    /// Deletes a schedule; its backups stay (inferred).
    pub(super) fn delete_schedule(&mut self, id: &str) -> Answered {
        let id = parse(id)?;
        let schedule = require(with_id(&self.cloud.schedules, id))?;
        let disk = (text(schedule, "target_type") == "Disk").then(|| number(schedule, "target_id")).flatten();
        self.cloud.schedules.retain(|schedule| number(schedule, "id") != Some(id));
        if let Some(disk) = disk {
            self.mark_autobackups(Target::Disk(disk));
        }
        Ok(Answer::Done)
    }

    pub(super) fn update_preset(&mut self, id: &str) -> Answered {
        let id = parse(id)?;
        require(with_id(&self.cloud.presets, id))?;
        let given = self.parameters.under("autobackup_template");
        let settings = Settings::read(&given)?;
        let now = timestamp(self.now, Zone::Z);
        let preset = require(with_id_mut(&mut self.cloud.presets, id))?;
        for name in ["duration", "period", "rotation_period"] {
            if let Some(value) = settings.0.get(name) {
                set(preset, name, value.clone());
            }
        }
        if let Some(Value::Bool(enabled)) = given.get("enabled") {
            set(preset, "enabled", *enabled);
        }
        set(preset, "updated_at", now);
        Ok(Answer::Done)
    }

    /// Switches autobackups on, which makes a schedule and a backup for each preset where there was none, or off,
    /// which keeps the schedules but disables them (recorded).
    fn switch_autobackups(&mut self, target: Target, is_on: bool) -> Answered {
        let existing = self.cloud.schedules_of(target);
        let status = if is_on { "enabled" } else { "disabled" };
        for id in &existing {
            if let Some(schedule) = with_id_mut(&mut self.cloud.schedules, *id) {
                set(schedule, "status", status);
                set(schedule, "updated_at", timestamp(self.now, Zone::Z));
            }
        }
        if is_on && existing.is_empty() {
            let presets = self.cloud.presets.clone();
            for preset in presets.iter().filter(|preset| is_true(preset, "enabled")) {
                let names = ["duration", "period", "rotation_period"];
                let members = names.into_iter().filter_map(|name| Some((name.to_owned(), preset.get(name)?.clone())));
                let id = self.add_schedule(target, members.collect());
                self.cloud.take_scheduled_backup(id, self.now);
            }
        }
        self.mark_autobackups(target);
        let (name, parent, location) = self.parent(target);
        Ok(Answer::Created(name, parent, Some(location)))
    }

    /// Says on a disk whether it has autobackups; VMs have no such member (recorded).
    fn mark_autobackups(&mut self, target: Target) {
        let Target::Disk(disk) = target else {
            return;
        };
        let mut own = self.cloud.schedules.iter().filter(|schedule| target.owns(schedule));
        let has_enabled = own.any(|schedule| text(schedule, "status") == "enabled");
        if let Some(disk) = with_id_mut(&mut self.cloud.disks, disk) {
            set(disk, "has_autobackups", has_enabled);
        }
    }

    /// Returns the owner of a target's schedules and its path, which names the VM by identifier (recorded).
    fn parent(&self, target: Target) -> (&'static str, Record, String) {
        let machine = self.cloud.machine_of(target).and_then(|id| with_id(&self.cloud.machines, id));
        let machine = machine.cloned().unwrap_or_default();
        let path = format!("/virtual_machines/{}", text(&machine, "identifier"));
        match target {
            Target::Machine(_) => ("virtual_machine", machine, path),
            Target::Disk(id) => {
                let disk = with_id(&self.cloud.disks, id).cloned().unwrap_or_default();
                ("disk", disk, format!("{path}/disks/{id}"))
            }
        }
    }
}
