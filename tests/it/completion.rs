//! Completion, as bash, zsh and fish themselves see it.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::harness::{Bpctl, Home, TOKEN, bare, katapult, onapp};
use crate::server::{Answer, Server};
use crate::terminal::Terminal;
use crate::tools;
use crate::world::{DISK, FQDN, ORG, POLICY, VM, World, org, policy, vm};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const ORG_VMS_PATH: &str = "/core/v1/organizations/organization/virtual_machines";

/// Runs the script in a shell of its own: the arguments are the line, the last one under the cursor.
const BASH: &str = r#"
source <(bpctl completions bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_bpctl "$1" "${@: -1}" "${@: -2:1}"
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
exit 0
"#;

/// The same in zsh, with the part of its completion system that the script calls.
const ZSH: &str = r#"
compdef() { [[ "$*" == "_bpctl bpctl" ]] || exit 9 }
_describe() { local name=$3; [[ $1 == -V ]] || exit 8; print -rl -- "${(@P)name}" }
_files() { print -- "files $*" }
source <(bpctl completions zsh)
words=("$@") CURRENT=$# PREFIX=${@[-1]}
_bpctl
exit 0
"#;

const FISH: &str = r#"
bpctl completions fish | source
complete --do-complete "$argv"
"#;

/// The shells that are installed.
pub fn shells() -> Vec<&'static str> {
    SHELLS.into_iter().filter(|shell| has(shell)).collect()
}

fn has(shell: &str) -> bool {
    tools::has(shell, &["-c", "exit 0"])
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_bpctl"))
}

/// The environment, with `bpctl` on the path.
fn environment(bpctl: &Bpctl) -> Vec<(String, String)> {
    let mut all = bpctl.environment();
    let directory = binary().parent().unwrap().display().to_string();
    all.iter_mut().filter(|(name, _)| name == "PATH").for_each(|(_, path)| *path = format!("{directory}:{path}"));
    all
}

/// What a shell would offer at the end of the line; nothing may be said on standard error.
fn offered(shell: &str, bpctl: &Bpctl, line: &str) -> Vec<String> {
    let environment = environment(bpctl);
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = Command::new(shell);
    match shell {
        "bash" => command.args(["--norc", "--noprofile", "-c", BASH, "bash"]).args(words),
        "zsh" => command.args(["-f", "-c", ZSH, "zsh"]).args(words),
        _ => command.args(["--no-config", "-c", FISH, line]),
    };
    let output = command.env_clear().envs(environment).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{shell}: {line}: {}\n{stderr}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains(TOKEN) && !text.contains("panicked"), "{shell}: {line}:\n{text}");
    text.lines().map(str::to_owned).collect()
}

/// The values alone, without their descriptions and zsh's escapes.
pub fn values(shell: &str, bpctl: &Bpctl, line: &str) -> Vec<String> {
    let value = |line: String| match shell {
        "zsh" => line.replace("\\:", "\u{1}").split(':').next().unwrap().replace('\u{1}', ":"),
        _ => line.split('\t').next().unwrap().to_owned(),
    };
    without_options(line.rsplit(' ').next().unwrap(), offered(shell, bpctl, line).into_iter().map(value).collect())
}

/// Where no value is known, the options are offered that can stand there as well: they are not what is looked for.
fn without_options(word: &str, mut values: Vec<String>) -> Vec<String> {
    values.retain(|value| word.starts_with('-') || !value.starts_with("--"));
    values
}

/// Asserts what each shell offers: exactly these.
fn offers(bpctl: &Bpctl, line: &str, expected: &[&str]) {
    for shell in shells() {
        let mut offered = values(shell, bpctl, line);
        let mut expected = expected.to_vec();
        // fish sorts what it shows by itself.
        offered.sort();
        expected.sort_unstable();
        assert_eq!(offered, expected, "{shell}: {line}");
    }
}

/// Asks the program itself, as fish does; it must succeed in silence.
pub fn asked(bpctl: Bpctl, words: &[&str]) -> Vec<String> {
    let count = (words.len() - 1).to_string();
    let run = bpctl.args(&["__complete", "fish", &count]).args(words).run().ok();
    assert_eq!(run.stderr, "", "{}", run.report());
    let values = run.stdout.lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned());
    without_options(words.last().unwrap(), values.collect())
}

#[test]
fn commands_options_and_fixed_values() {
    let bpctl = bare(&[]);
    offers(&bpctl, "bpctl pol", &["policies"]);
    offers(&bpctl, "bpctl policy", &["policy"]);
    offers(&bpctl, "bpctl b", &["backups"]);
    offers(&bpctl, "bpctl --vers", &["--version"]);
    offers(&bpctl, "bpctl help exit", &["exit-codes"]);
    offers(&bpctl, "bpctl help disk", &["disk"]);
    offers(&bpctl, "bpctl help policies cr", &["create"]);
    offers(&bpctl, "bpctl policies schedule", &["schedule-delete"]);
    offers(&bpctl, "bpctl policies list --inc", &["--include-disks"]);
    offers(&bpctl, "bpctl vm list -o j", &["json", "jsonl"]);
    offers(&bpctl, "bpctl vm list --output ", &["table", "wide", "json", "jsonl", "yaml", "csv", "tsv", "id"]);
    offers(&bpctl, "bpctl policy update p --interval ", &["hourly", "daily", "weekly", "monthly", "yearly"]);
    offers(&bpctl, "bpctl backups list --kind ", &["images", "files", "all", "points"]);
    offers(&bpctl, "bpctl vm list --provider ", &["katapult", "onapp"]);
    offers(&bpctl, "bpctl completions ", &["bash", "zsh", "fish"]);
    offers(&bpctl, "bpctl policy update p --retention ", &[]);
    offers(&bpctl, "bpctl nonsense --nonsense x=y --vm=", &[]);
}

#[test]
fn columns_of_the_noun() {
    let bpctl = bare(&[]);
    offers(&bpctl, "bpctl policies list --columns tar", &["target", "target_id"]);
    offers(&bpctl, "bpctl policies list --columns id,tar", &["id,target", "id,target_id"]);
    offers(&bpctl, "bpctl org list --columns s", &["sub_domain", "suspended"]);
    offers(&bpctl, "bpctl disk list --sort w", &["wwn"]);
    for shell in shells() {
        for line in ["bpctl policies list --sort ", "bpctl policies list --columns "] {
            let names = values(shell, &bpctl, line);
            assert!(names.contains(&"retention".to_owned()) && names.len() > 8, "{shell}: {line}: {names:?}");
            assert!(!names.iter().any(|name| name.contains(':')), "{shell}: {line}: {names:?}");
        }
    }
    assert_eq!(asked(bare(&[]), &["policies", "list", "--sort", "retention:"]), ["retention:desc"]);
    assert_eq!(asked(bare(&[]), &["policies", "list", "--sort=retention:d"]), ["--sort=retention:desc"]);
}

#[test]
fn live_values() {
    let server = World::new().serve();
    let bpctl = katapult(&server, &[]);
    offers(&bpctl, "bpctl policy show ", &[POLICY]);
    offers(&bpctl, "bpctl policies update dbp_", &[POLICY]);
    offers(&bpctl, "bpctl policy show we", &["web-1"]);
    offers(&bpctl, "bpctl policies delete web-", &["web-1"]);
    offers(&bpctl, "bpctl disk show ", &[DISK]);
    offers(&bpctl, "bpctl policies list --disk ", &[DISK]);
    offers(&bpctl, "bpctl vm list --org ", &["acme"]);
    offers(&bpctl, "bpctl vm list --org org_", &[ORG]);
    offers(&bpctl, "bpctl vm show w", &["web-1"]);
    offers(&bpctl, "bpctl policies list --vm web-1.", &[FQDN]);
    offers(&bpctl, "bpctl policies list --vm vm_Hn", &[VM]);
    offers(&bpctl, "bpctl disk list --vm mai", &["mail"]);
    offers(&bpctl, "bpctl backups list --vm ", &[]);
}

#[test]
fn each_of_several_policies_once() {
    let policies = ["p-1", "p-2", "p-3"].map(|id| policy(id, "VirtualMachine", VM, "web-1", "daily", 7));
    let server = World::new().policies(policies.to_vec()).serve();
    let bpctl = katapult(&server, &[]);
    offers(&bpctl, "bpctl policy delete p-2 ", &["p-1", "p-3"]);
    offers(&bpctl, "bpctl policy update --retention 3 p-2 p-1 ", &["p-3"]);
    offers(&bpctl, "bpctl policy update --if ret", &["retention="]);
    offers(
        &bpctl,
        "bpctl policy update --if interval=",
        &["interval=hourly", "interval=daily", "interval=weekly", "interval=monthly"],
    );
}

#[test]
fn what_is_restored_comes_from_the_trash() {
    let home = Home::new();
    let sandbox = |args: &[&str]| bare(args).home(&home).env("BPCTL_PROFILE", "sandbox");
    let entries = sandbox(&["trash", "list", "-o", "json"]).run().ok().json();
    let of = |key: &str| -> Vec<String> {
        entries.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(asked(sandbox(&[]), &["trash", "show", ""]), of("id"));
    let trashed = asked(sandbox(&[]), &["policy", "restore", ""]);
    assert_eq!(trashed.len(), 1);
    assert!(of("object_id").contains(&trashed[0]), "{trashed:?} {entries}");
    assert!(!asked(sandbox(&[]), &["policy", "delete", ""]).contains(&trashed[0]));
}

#[test]
fn policies_are_described_where_the_shell_can() {
    let server = World::new().serve();
    let bpctl = katapult(&server, &[]);
    for (shell, expected) in [("zsh", ':'), ("fish", '\t')] {
        if has(shell) {
            let line = format!("{POLICY}{expected}web-1, interval daily, keeps 7");
            assert_eq!(offered(shell, &bpctl, "bpctl policy show "), [line], "{shell}");
        }
    }
}

#[test]
fn servers_of_an_onapp_cloud() {
    let machines = json!([{"virtual_machine": {
        "id": 488, "identifier": "qzu6bfkt8hm2xw", "label": "web", "hostname": "web.example",
    }}]);
    let server = Server::always(Answer::json(200, &machines));
    let bpctl = onapp(&server, &[]);
    offers(&bpctl, "bpctl backups list --vm ", &["web"]);
    offers(&bpctl, "bpctl backups list --vm 4", &["488"]);
    offers(&bpctl, "bpctl vm show qz", &["qzu6bfkt8hm2xw"]);
    offers(&bpctl, "bpctl policy show ", &[]);
}

#[test]
fn the_sandbox_and_profiles() {
    let config =
        "[profiles.work]\ntoken = \"t\"\n[profiles.cloud]\nprovider = \"onapp\"\napi_url = \"https://c.example\"\n";
    let home = Home::new();
    let file = home.file("own.toml", config).display().to_string();
    let bpctl = bare(&[]).home(&home);
    offers(&bpctl, "bpctl vm list --profile ", &["sandbox", "sandbox-onapp"]);
    offers(
        &bpctl,
        &format!("bpctl --config {file} vm list --profile "),
        &["work", "cloud", "sandbox", "sandbox-onapp"],
    );
    let bpctl = bpctl.env("BPCTL_CONFIG", file);
    offers(&bpctl, "bpctl vm list --profile w", &["work"]);
    for line in ["bpctl --sandbox vm show web", "bpctl vm show --profile sandbox web"] {
        offers(&bpctl, line, &["web-1", "web-2"]);
    }
    for line in ["bpctl --sandbox backups list --vm web", "bpctl backups list --profile=sandbox-onapp --vm web"] {
        offers(&bpctl, line, &["web1"]);
    }
    offers(&bpctl, "bpctl --profile sandbox-onapp disk show 110", &["1101", "1102"]);
    offers(&bpctl, "bpctl --profile sandbox-onapp policy show 4", &["41", "42", "43"]);
    offers(&bpctl, "bpctl --profile sandbox-onapp backup restore 614", &["6142", "6149"]);
    offers(&bpctl, "bpctl --profile sandbox-onapp backup show --point --vm files1 6", &[]);
}

#[test]
fn an_option_on_either_side_of_the_cursor_counts() {
    let home = Home::new();
    let ask = |words: &[&str]| bare(&["__complete", "fish"]).home(&home).args(words).run().ok().stdout;
    assert!(ask(&["2", "vm", "show", "web-1", "--sandbox"]).contains("web-1\t"));
    assert!(ask(&["3", "vm", "list", "--org", "", "--sandbox"]).contains("acme\t"));
    let line = ["__complete", "bash", "bpctl vm show web-1", "web-1", " --sandbox -o json"];
    let answer = bare(&line).home(&home).run().ok().stdout;
    assert!(answer.starts_with("words\nweb-1\t") && answer.lines().count() == 2, "{answer}");
}

#[test]
fn what_is_typed_goes_before_the_environment() {
    let (one, other) = (World::new().serve(), World::new().vms(vec![vm("vm_x", "other", "other.example")]).serve());
    let bpctl = || katapult(&one, &[]);
    let typed = format!("--api-url={}", other.katapult_url());
    assert_eq!(asked(bpctl(), &[&typed, "vm", "show", ""]), ["other"]);
    assert_eq!(one.count(), 0);
    let two = World::new().orgs(vec![org(ORG, "ACME", "acme"), org("org_2", "Bolt", "bolt")]).serve();
    assert!(asked(katapult(&two, &[]), &["vm", "show", ""]).is_empty(), "it is not known which is meant");
    for (variable, words) in [("bolt", &["vm", "show", ""][..]), ("acme", &["--org", "bolt", "vm", "show", ""])] {
        assert_eq!(asked(katapult(&two, &[]).env("BPCTL_ORG", variable), words).len(), 3);
        let query = two.to(ORG_VMS_PATH).pop().unwrap().query("organization[sub_domain]");
        assert_eq!(query.as_deref(), Some("bolt"));
    }
}

/// Names that a shell would interpret, and names that belong to two VMs.
fn odd_names() -> World {
    World::new().vms(vec![
        vm("vm_1", "DB 1", "db-1.example"),
        vm("vm_2", "a:b", "a-b.example"),
        vm("vm_3", "$(touch pwned)`touch pwned`", "evil.example"),
        vm("vm_4", "it's \"so\"", "so.example"),
        vm("vm_5", "twin", "twin-1.example"),
        vm("vm_6", "twin", "twin-2.example"),
        vm("vm_7", "--rm", "rm.example"),
        vm("vm_8", "two\nlines\u{1b}[2J", "lines.example"),
        vm("vm_9", "*", "star.example"),
    ])
}

#[test]
fn names_that_cannot_be_used_are_not_offered() {
    let server = odd_names().serve();
    let names = asked(katapult(&server, &[]), &["vm", "show", ""]);
    assert_eq!(names, ["DB 1", "a:b", "$(touch pwned)`touch pwned`", "it's \"so\"", "*"]);
    assert_eq!(
        asked(katapult(&server, &[]), &["vm", "show", "tw"]),
        ["twin-1.example", "twin-1", "twin-2.example", "twin-2"]
    );
    assert_eq!(asked(katapult(&server, &[]), &["vm", "show", "lin"]), ["lines.example", "lines"]);
}

/// Types lines into a shell, presses tab, and runs the line: `bpctl` prints its arguments then.
fn typed_into(shell: &str, setup: &str, bpctl: &Bpctl, lines: &[(&str, &str)]) {
    if !has(shell) {
        return;
    }
    let mut environment = environment(bpctl);
    environment.push(("TERM".into(), "dumb".into()));
    environment.push(("PS1".into(), "$ ".into()));
    let args: &[&str] = if shell == "bash" { &["--norc", "--noprofile", "-i"] } else { &["-f", "-i"] };
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let terminal = Terminal::spawn(shell, &args, &environment, bpctl.home_in_use());
    // What tab has made of the line is visible when a function prints it back.
    let show = "bpctl() { printf '<%s>' \"$@\"; echo .; }";
    terminal.enter(setup).enter("cd \"$HOME\"").enter(show).enter("echo rea''dy").wait_for("ready\n");
    for (line, expected) in lines {
        terminal.type_text(line).press("tab").press("enter").wait_for(expected);
    }
    assert!(!bpctl.home_in_use().unwrap().path("pwned").exists(), "{shell}: a name was run");
}

/// Names are inserted so that the shell reads them back as they are, whatever is quoted already.
const INSERTED: [(&str, &str); 8] = [
    ("bpctl vm show D", "<vm><show><DB 1>."),
    ("bpctl 1 vm show \"DB", "<1><vm><show><DB 1>."),
    ("bpctl 2 vm show 'DB ", "<2><vm><show><DB 1>."),
    ("bpctl 3 vm show DB\\ ", "<3><vm><show><DB 1>."),
    ("bpctl 4 vm show a:", "<4><vm><show><a:b>."),
    ("bpctl vm list --sort name:", "<vm><list><--sort><name:desc>."),
    ("bpctl 5 disk list --vm=D", "<5><disk><list><--vm=DB 1>."),
    ("bpctl 6 vm show it", "<6><vm><show><it's \"so\">."),
];

#[test]
fn bash_inserts_names_as_they_are() {
    let server = odd_names().serve();
    let lines: Vec<(&str, &str)> =
        INSERTED.into_iter().chain([("bpctl 7 vm show \\$", "<7><vm><show><$(touch pwned)`touch pwned`>.")]).collect();
    typed_into("bash", "source <(bpctl completions bash)", &katapult(&server, &[]), &lines);
}

#[test]
fn zsh_inserts_names_as_they_are() {
    let server = odd_names().serve();
    let setup = "autoload -U compinit && compinit -u -D && source <(bpctl completions zsh)";
    typed_into("zsh", setup, &katapult(&server, &[]), &INSERTED);
}

#[test]
fn zsh_lists_policies_with_their_descriptions() {
    if !has("zsh") {
        return;
    }
    let policies = [("p-one", 7), ("p-two", 8)].map(|(id, keeps)| policy(id, "Disk", DISK, "data", "daily", keeps));
    let server = World::new().policies(policies.to_vec()).serve();
    let bpctl = katapult(&server, &[]);
    let mut environment = environment(&bpctl);
    environment.push(("TERM".into(), "dumb".into()));
    let terminal = Terminal::spawn("zsh", &["-f".into(), "-i".into()], &environment, bpctl.home_in_use());
    let autoload = "mkdir -p $HOME/f; bpctl completions zsh > $HOME/f/_bpctl; fpath=($HOME/f $fpath)";
    terminal.enter(autoload).enter("autoload -U compinit && compinit -u -D").enter("echo rea''dy").wait_for("ready\n");
    terminal.type_text("bpctl policy show ").press("tab").press("tab");
    terminal.wait_for("p-one  -- data, interval daily, keeps 7").wait_for("p-two  -- data, interval daily, keeps 8");
}

#[test]
fn bash_lists_policies_with_their_descriptions_and_inserts_none() {
    let policies = [("p-one", 7), ("p-two", 8)].map(|(id, keeps)| policy(id, "Disk", DISK, "data", "daily", keeps));
    let server = World::new().policies(policies.to_vec()).serve();
    let bpctl = katapult(&server, &[]);
    let mut environment = environment(&bpctl);
    environment.push(("TERM".into(), "dumb".into()));
    let args = ["--norc", "--noprofile", "-i"].map(str::to_owned);
    let terminal = Terminal::spawn("bash", &args, &environment, bpctl.home_in_use());
    terminal.enter("source <(bpctl completions bash)").enter("echo rea''dy").wait_for("ready\n");
    let show = "bpctl() { printf '<%s>' \"$@\"; echo .; }";
    terminal.enter(show).type_text("bpctl policy show p-").press("tab").press("tab");
    terminal.wait_for("p-one  (data, interval daily, keeps 7)").wait_for("p-two  (data, interval daily, keeps 8)");
    terminal.type_text("t").press("tab").press("enter").wait_for("<policy><show><p-two>.");
}

#[test]
fn changes_and_codes_are_described() {
    let home = Home::new();
    let sandbox = |args: &[&str]| bare(args).home(&home).env("BPCTL_PROFILE", "sandbox");
    let policy =
        sandbox(&["policies", "list", "web-1", "-o", "id"]).run().ok().stdout.lines().next().unwrap().to_owned();
    for retention in ["30", "31"] {
        sandbox(&["policy", "update", &policy, "--retention", retention]).run().ok();
    }
    assert_eq!(asked(sandbox(&[]), &["history", ""]), ["2", "1"]);
    assert_eq!(asked(sandbox(&[]), &["undo", ""]), ["2", "1"]);
    assert_eq!(asked(sandbox(&[]), &["undo", "--command", ""]), ["2", "1"]);
    let line = sandbox(&["__complete", "fish", "2", "undo", "--command", "2"]).run().ok().stdout;
    assert_eq!(line, format!("words\n2\t1 change: policy update {policy} --retention 31\n"));
    sandbox(&["undo", "2", "--yes"]).run().ok();
    assert_eq!(asked(sandbox(&[]), &["undo", ""]), ["3", "1"], "what is undone cannot be undone again");
    let line = sandbox(&["__complete", "fish", "1", "history", "1"]).run().ok().stdout;
    assert_eq!(line, "words\n1\tupdate, web-1, done\n");
    let codes = asked(bare(&[]), &["lint", "--explain", "W00"]);
    assert!(codes.contains(&"W001".to_owned()) && codes.iter().all(|code| code.starts_with("W00")), "{codes:?}");
    assert!(asked(bare(&[]), &["lint", "--explain", ""]).contains(&"all".to_owned()));
}

#[test]
fn the_bpctl_that_is_typed_answers() {
    let server = World::new().serve();
    let bpctl = katapult(&server, &[]);
    let program = binary().display().to_string();
    let mut environment = bpctl.environment();
    environment.push(("BPCTL".into(), program.clone()));
    for (shell, script) in [("bash", BASH), ("zsh", ZSH), ("fish", FISH)].into_iter().filter(|(shell, _)| has(shell)) {
        let script = script.replace("bpctl completions", "\"$BPCTL\" completions");
        let mut command = Command::new(shell);
        match shell {
            "fish" => command.args(["--no-config", "-c", &script, &format!("{program} policy show ")]),
            "bash" => command.args(["--norc", "-c", &script, "bash", &program, "policy", "show", ""]),
            _ => command.args(["-f", "-c", &script, "zsh", &program, "policy", "show", ""]),
        };
        let output = command.env_clear().envs(environment.clone()).output().unwrap();
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(stdout.starts_with(POLICY), "{shell}: {stdout}\n{stderr}");
        assert_eq!(stderr, "", "{shell}");
    }
}

#[test]
fn a_stray_variable_does_not_silence_a_command() {
    let run = bare(&["config", "path"]).env("COMPLETE", "bash").run().ok();
    assert!(run.stdout.ends_with("config.toml\n"), "{}", run.report());
}
