//! Every request to an OnApp cloud, and how sure it is. `onapp_contract.rs` holds bpctl to it.

/// A request that bpctl may send.
pub struct Endpoint {
    pub method: &'static str,
    /// Words that begin with `:` stand for a number or an identifier.
    pub path: &'static str,
    pub query: &'static str,
    /// The body as JSON, where `"*"` stands for any value; empty for none.
    pub body: &'static str,
    /// R recorded from a real cloud, D documented, C in the code of clients, I inferred; how many sources.
    pub sureness: &'static str,
    pub command: &'static str,
    /// The file and the name of the test of what the command does.
    pub test: (&'static str, &'static str),
}

const fn read(
    path: &'static str,
    sureness: &'static str,
    command: &'static str,
    test: (&'static str, &'static str),
) -> Endpoint {
    Endpoint { method: "GET", path, query: "", body: "", sureness, command, test }
}

const fn write(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    sureness: &'static str,
    command: &'static str,
    test: (&'static str, &'static str),
) -> Endpoint {
    Endpoint { method, path, query: "", body, sureness, command, test }
}

const READS: &str = "onapp_reads";
const USAGE: &str = "onapp_usage";
const WRITES: &str = "onapp_writes";
const POLICIES: &str = "onapp_policies";
const RESTORE: &str = "onapp_restore";
const AUTOBACKUP: &str = "onapp_autobackup";

/// Every endpoint. The commands run in this order, on one cloud.
pub const ENDPOINTS: [Endpoint; 48] = [
    read("/version.json", "C", "auth status", ("auth", "onapp_credentials_are_checked_against_the_version")),
    read("/virtual_machines.json", "D R C3", "vm list", (READS, "disks_and_vms")),
    Endpoint {
        query: "q=web",
        ..read(
            "/virtual_machines.json",
            "D C (Superb and OnApp's own client)",
            "vm list --search web",
            (READS, "disks_and_vms"),
        )
    },
    read("/virtual_machines/:vm.json", "D C3", "vm show 488", (READS, "secrets_of_a_vm_are_hidden")),
    read(
        "/virtual_machines/:vm/backups.json",
        "D3 C3",
        "backups list --vm 488 --kind all",
        (READS, "backups_of_the_whole_cloud_name_their_vm"),
    ),
    read(
        "/virtual_machines/:vm/backups/images.json",
        "D C3",
        "backups list --vm 652",
        (READS, "an_empty_kind_says_what_there_is"),
    ),
    read(
        "/virtual_machines/:vm/backups/files.json",
        "D C3",
        "backups list --vm 488 --kind files",
        (READS, "an_empty_kind_says_what_there_is"),
    ),
    read(
        "/virtual_machines/:vm/backups/recovery_points.json",
        "D C1",
        "backups list --vm 745 --kind points",
        (READS, "recovery_points_have_a_list_of_their_own"),
    ),
    read(
        "/virtual_machines/:vm/backups/recovery_points/:id.json",
        "D",
        "backup show 13 --point --vm 745",
        (RESTORE, "a_vm_goes_back_to_a_recovery_point"),
    ),
    read(
        "/settings/disks/:disk/backups.json",
        "R C3",
        "backups list --disk 1102",
        (READS, "backups_of_a_disk_with_and_without_its_vm"),
    ),
    read(
        "/virtual_machines/:vm/disks/:disk/backups.json",
        "C1",
        "backups list --disk 1102 --vm 652",
        (READS, "backups_of_a_disk_with_and_without_its_vm"),
    ),
    read("/backups/:id.json", "C3", "backup show 6117", (READS, "one_backup_by_its_number")),
    read("/settings/disks.json", "R C2", "disk list", (READS, "disks_and_vms")),
    read("/virtual_machines/:vm/disks.json", "R C3", "disk list --vm 652", (READS, "disks_and_vms")),
    read("/settings/disks/:disk.json", "C2", "disk show 1102", (READS, "disks_and_vms")),
    read("/virtual_machines/:vm/disks/:disk.json", "R", "disk show 1102 --vm 652", (READS, "disks_and_vms")),
    read("/settings/schedules.json", "C1", "policies list", (POLICIES, "policies_are_the_schedules_of_vms_and_disks")),
    read(
        "/settings/schedules/:id.json",
        "C1",
        "policy show 52",
        (POLICIES, "policies_are_the_schedules_of_vms_and_disks"),
    ),
    read(
        "/virtual_machines/:vm/schedules.json",
        "C2",
        "policies list --vm 488",
        (POLICIES, "policies_are_the_schedules_of_vms_and_disks"),
    ),
    read(
        "/settings/disks/:disk/schedules.json",
        "R C2",
        "policies list --disk 1102",
        (POLICIES, "policies_are_the_schedules_of_vms_and_disks"),
    ),
    read(
        "/virtual_machines/:vm/disks/:disk/schedules.json",
        "C1",
        "policies list --disk 1102 --vm 652",
        (POLICIES, "policies_are_the_schedules_of_vms_and_disks"),
    ),
    read(
        "/settings/autobackup_presets.json",
        "C1",
        "autobackup presets",
        (AUTOBACKUP, "presets_take_an_administrator"),
    ),
    read(
        "/settings/configuration.json",
        "C2",
        "lint",
        ("onapp_lint", "settings_that_cannot_be_read_are_no_finding_and_no_all_clear"),
    ),
    read("/profile.json", "C1", "backups limits", (USAGE, "limits_are_those_of_the_accounts_bucket")),
    read("/users/:user.json", "C2", "backups limits --user 337", (USAGE, "limits_are_those_of_the_accounts_bucket")),
    read(
        "/billing/buckets/:bucket/access_controls.json",
        "C3",
        "backups limits",
        (USAGE, "limits_are_those_of_the_accounts_bucket"),
    ),
    read(
        "/billing/buckets/:bucket/rate_cards.json",
        "C2",
        "backups limits",
        (USAGE, "limits_are_those_of_the_accounts_bucket"),
    ),
    read("/users/:user/user_statistics.json", "C2", "backups costs", (USAGE, "costs_are_the_clouds_own_sums")),
    Endpoint {
        query: "period%5Bstartdate%5D=2026-11-01+00%3A00&period%5Benddate%5D=2026-11-02+00%3A00",
        ..read(
            "/users/:user/user_statistics.json",
            "C1",
            "backups costs --since 2026-11-01 --until 2026-11-02",
            (USAGE, "costs_are_the_clouds_own_sums"),
        )
    },
    read(
        "/transactions.json/per_page/:count",
        "D C2",
        "transactions list",
        (READS, "the_number_of_transactions_is_part_of_the_path"),
    ),
    read(
        "/virtual_machines/:vm/transactions.json/per_page/:count",
        "D3 C2",
        "transactions list --vm 488",
        (READS, "transactions_of_a_vm_take_no_administrator"),
    ),
    read(
        "/transactions/:id.json",
        "R C2",
        "transaction show 95001",
        (READS, "the_log_of_a_transaction_gives_no_password_away"),
    ),
    Endpoint {
        query: "log=",
        ..read(
            "/transactions/:id.json",
            "C1",
            "transaction show 95001 --log",
            (READS, "the_log_of_a_transaction_gives_no_password_away"),
        )
    },
    write(
        "POST",
        "/settings/disks/:disk/backups.json",
        r#"{"backup": {"note": "n", "force_windows_backup": 1}}"#,
        "C4",
        "backup create --disk 1180 --note n --force-windows",
        (WRITES, "several_disks_are_backed_up_each_once"),
    ),
    write(
        "POST",
        "/virtual_machines/:vm/backups.json",
        r#"{"backup": {"note": "n"}}"#,
        "C2",
        "backup create --vm 488 --note n",
        (WRITES, "a_backup_is_taken_and_waited_for"),
    ),
    write(
        "POST",
        "/backups/:id/restore.json",
        "",
        "C4",
        "backup restore 6402 --yes",
        (WRITES, "a_restoration_can_take_a_backup_first"),
    ),
    write(
        "POST",
        "/backups/:id/convert.json",
        r#"{"backup": {"label": "t"}, "image_template": {"label": "t"}}"#,
        "C3",
        "backup convert 6142 --label t --yes",
        (WRITES, "notes_and_templates"),
    ),
    write(
        "DELETE",
        "/backups/:id.json",
        "",
        "C4",
        "backup delete 6301 --yes",
        (WRITES, "deletions_say_what_is_lost_and_need_a_yes"),
    ),
    write(
        "PUT",
        "/backups/:id/note.json",
        r#"{"note": "n"}"#,
        "C1",
        "backup note 6130 n",
        (WRITES, "notes_and_templates"),
    ),
    write(
        "POST",
        "/virtual_machines/:vm/schedules.json",
        r#"{"schedule": {"action": "autobackup", "target_type": "VirtualMachine", "target_id": 701, "duration": 1, "period": "days", "rotation_period": 5, "status": "enabled"}}"#,
        "C2 I",
        "policy create --vm 701 --interval daily --retention 5",
        (POLICIES, "policies_are_created_changed_paused_and_deleted"),
    ),
    write(
        "POST",
        "/settings/disks/:disk/schedules.json",
        r#"{"schedule": {"action": "autobackup", "target_type": "Disk", "target_id": 1220, "duration": 2, "period": "weeks", "rotation_period": 1, "status": "enabled"}}"#,
        "C2 I",
        "policy create --disk 1220 --interval weekly --frequency 2",
        (POLICIES, "what_the_cloud_cannot_do_is_refused_before_anything_is_sent"),
    ),
    write(
        "PUT",
        "/settings/schedules/:id.json",
        r#"{"schedule": {"duration": 1, "period": "days", "rotation_period": 9, "start_at": "*", "status": "enabled"}}"#,
        "C1",
        "policy update 31 --retention 9",
        (POLICIES, "an_update_sends_the_whole_schedule_and_not_its_target"),
    ),
    write(
        "DELETE",
        "/settings/schedules/:id.json",
        "",
        "C1",
        "policy delete 32 --yes",
        (POLICIES, "policies_are_created_changed_paused_and_deleted"),
    ),
    write(
        "POST",
        "/virtual_machines/:vm/autobackup_disable.json",
        "",
        "C3",
        "autobackup off --vm 488 --yes",
        (AUTOBACKUP, "switching_off_needs_a_yes_and_keeps_the_policies"),
    ),
    write(
        "POST",
        "/virtual_machines/:vm/autobackup_enable.json",
        "",
        "C3",
        "autobackup on --vm 488",
        (AUTOBACKUP, "a_target_without_policies_gets_one_of_each_preset_and_as_many_backups"),
    ),
    write(
        "POST",
        "/settings/disks/:disk/autobackup_disable.json",
        "",
        "R C3",
        "autobackup off --disk 1102 --yes",
        (AUTOBACKUP, "switching_off_needs_a_yes_and_keeps_the_policies"),
    ),
    write(
        "POST",
        "/settings/disks/:disk/autobackup_enable.json",
        "",
        "R C3",
        "autobackup on --disk 1102",
        (AUTOBACKUP, "switching_off_needs_a_yes_and_keeps_the_policies"),
    ),
    write(
        "POST",
        "/virtual_machines/:vm/backups/recovery_points.json",
        r#"{"resource_id": 3}"#,
        "C1",
        "backup create --vm 745 --resource 3",
        (RESTORE, "a_recovery_point_is_taken_by_a_resource"),
    ),
];

/// What runs on other clouds: those that do not know the path, and recovery points that would meet a busy VM.
pub const ON_OTHERS: [(&[&str], Endpoint); 2] = [
    (
        &["--onapp", "old-replies"],
        write(
            "PUT",
            "/backups/:id.json",
            r#"{"backup": {"note": "n"}}"#,
            "I",
            "backup note 6130 n",
            (WRITES, "notes_and_templates"),
        ),
    ),
    (
        &[],
        write(
            "POST",
            "/virtual_machines/:vm/backups/recovery_points/:id/restore.json",
            "",
            "C1",
            "backup restore 13 --point --vm 745 --yes",
            (RESTORE, "a_vm_goes_back_to_a_recovery_point"),
        ),
    ),
];

pub fn all() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().chain(ON_OTHERS.iter().map(|(_, endpoint)| endpoint))
}
