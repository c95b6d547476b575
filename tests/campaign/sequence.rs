//! One sequence: a company, two users, and some dozen commands, each held to the laws.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;

use crate::cloud::{Cloud, Line, Live, Plan, start};
use crate::command::{Command, crossing, deed, plan, random};
use crate::harness::{Bpctl, Home, Run, Running, TOKEN, bare};
use crate::laws::{Case, check, check_history};

const USERS: usize = 2;
const LIMITS: [&str; 8] = ["--retries", "1", "--timeout", "2s", "--max-wait", "8s", "--concurrency", "1"];

/// What came of a sequence.
pub struct Outcome {
    /// The exit code of each command; `killed` where there is none.
    pub codes: Vec<String>,
    pub failure: Option<String>,
}

struct User {
    home: Home,
    line: Line,
    file: Option<String>,
    plan: Option<String>,
    /// The policies when the plan was saved.
    planned: BTreeMap<String, Value>,
}

struct Sequence {
    rng: Rng,
    cloud: Arc<Cloud>,
    users: Vec<User>,
    /// All policies that there ever were.
    ids: Vec<String>,
    story: String,
    codes: Vec<String>,
}

fn lines<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(|one| format!("  {one}\n")).collect()
}

/// Plays the sequence of a seed.
pub fn play(seed: u64) -> Outcome {
    let home = Home::new();
    let (cloud, _simulator) = start(&home);
    let user = |number| User {
        home: Home::new(),
        line: Line::new(&cloud, number),
        file: None,
        plan: None,
        planned: BTreeMap::new(),
    };
    let users = (0..USERS).map(user).collect();
    let mut ids = cloud.api.ids();
    ids.sort();
    let story = format!("--seed {seed} --count 1\n");
    let mut sequence = Sequence { rng: Rng::with_seed(seed), cloud, users, ids, story, codes: Vec::new() };
    let played = catch_unwind(AssertUnwindSafe(|| sequence.play()));
    let failure = played.err().map(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        format!("{}{words}", sequence.story)
    });
    Outcome { codes: sequence.codes, failure }
}

impl Sequence {
    fn play(&mut self) {
        for _ in 0..self.rng.usize(6..16) {
            match self.rng.u8(..20) {
                0..=2 => self.others_act(),
                3 => self.prepare(),
                4 => self.cross(),
                5 => self.both(),
                _ => {
                    let user = self.rng.usize(..USERS);
                    let (command, plan) = self.command(user);
                    self.run(vec![(user, command, plan)]);
                }
            }
        }
        for user in 0..USERS {
            let run = self.bpctl(user, &["history".into()]).run();
            check_history(&run);
        }
    }

    fn command(&mut self, user: usize) -> (Command, Plan) {
        let user = &self.users[user];
        let files = [user.file.as_deref(), user.plan.as_deref()];
        let command = random(&mut self.rng, &self.ids, files);
        (command, plan(&mut self.rng, &self.ids))
    }

    fn others_act(&mut self) {
        let deed = deed(&mut self.rng, &self.ids);
        writeln!(self.story, "another user: {deed:?}").unwrap();
        self.cloud.act(&deed);
    }

    /// A user writes a policy file of what is live, changes it a little, and saves a plan.
    fn prepare(&mut self) {
        let number = self.rng.usize(..USERS);
        *self.users[number].line.live.lock().unwrap() = Live::default();
        let run = self.bpctl(number, &["export".into(), "-o".into(), "toml".into()]).run().ok();
        let mut text = String::new();
        for line in run.stdout.lines() {
            match line.strip_prefix("retention = ") {
                Some(_) if self.rng.u8(..3) == 0 => writeln!(text, "retention = {}", self.rng.u8(1..60)).unwrap(),
                _ => writeln!(text, "{line}").unwrap(),
            }
        }
        let file = self.users[number].home.file("policies.toml", &text).display().to_string();
        let planned =
            self.bpctl(number, &["plan".into(), "-f".into(), file.clone(), "-o".into(), "json".into()]).run().ok();
        let plan = self.users[number].home.file("plan.json", &planned.stdout).display().to_string();
        writeln!(self.story, "user {number}: export > {file}; plan > {plan}").unwrap();
        let planned = self.ids.iter().map(|id| (id.clone(), self.cloud.policy(id))).collect();
        let user = &mut self.users[number];
        (user.file, user.plan, user.planned) = (Some(file), Some(plan), planned);
    }

    /// One user changes a policy twice at the same time.
    fn cross(&mut self) {
        let live: Vec<&String> = self.ids.iter().filter(|id| !self.cloud.policy(id).is_null()).collect();
        let Some(id) = self.rng.choice(live).cloned() else { return };
        let user = self.rng.usize(..USERS);
        let [first, second] = crossing(&mut self.rng, &id);
        self.run(vec![(user, first, Plan::default()), (user, second, Plan::default())]);
    }

    /// Two users run a command at the same time.
    fn both(&mut self) {
        let both = (0..USERS).map(|user| {
            let (command, plan) = self.command(user);
            (user, command, plan)
        });
        let both = both.collect();
        self.run(both);
    }

    fn bpctl(&self, user: usize, args: &[String]) -> Bpctl {
        let user = &self.users[user];
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let url = user.line.server.url() + &self.cloud.api.base;
        bare(&args).args(&LIMITS).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", url).home(&user.home)
    }

    /// Runs commands at the same time, and holds each to the laws.
    fn run(&mut self, commands: Vec<(usize, Command, Plan)>) {
        let began = self.cloud.events.lock().unwrap().len();
        let journals: Vec<usize> = (0..USERS).map(|user| self.journal(user).len()).collect();
        let mut running: Vec<Running> = Vec::new();
        for (user, command, plan) in &commands {
            writeln!(self.story, "user {user}: bpctl {}  {plan:?}", command.args.join(" ")).unwrap();
            let bpctl = self.bpctl(*user, &[&command.args[..], &["-o".into(), "json".into()]].concat());
            // Held until the process is known: a request may ask for a signal to it.
            let mut live = self.users[*user].line.live.lock().unwrap();
            if running.is_empty() || commands[0].0 != *user {
                *live = Live::new(plan.clone(), began);
            }
            let process = bpctl.spawn();
            live.process = Some(process.id());
            running.push(process);
        }
        let runs: Vec<Option<Run>> = running.into_iter().map(Running::wait_or_killed).collect();
        for ((user, command, plan), run) in commands.iter().zip(&runs) {
            let code = run.as_ref().map_or("killed".to_owned(), |run| run.code.to_string());
            writeln!(self.story, "  user {user}: {code}").unwrap();
            self.codes.push(code);
            let sent = self.users[*user].line.live.lock().unwrap().sent.clone();
            let is_alone = commands.len() == 1;
            let is_plan = command.args[0] == "apply" && !command.args.iter().any(|word| word == "-f");
            let case = Case {
                user: *user,
                command,
                plan,
                run: run.as_ref(),
                // Of two at once with one line, what each sent is not known.
                sent: if commands.len() > 1 && commands[0].0 == commands[1].0 { None } else { Some(&sent) },
                events: &self.cloud.events.lock().unwrap().clone(),
                began,
                journal: &self.journal(*user)[journals[*user]..],
                cloud: &self.cloud,
                is_alone,
                planned: is_plan.then_some(&self.users[*user].planned),
            };
            let broken = check(&case);
            let report = run.as_ref().map_or("killed".to_owned(), Run::report);
            assert!(
                broken.is_empty(),
                "{}\n{report}\nsent:\n{}\njournal:\n{}",
                broken.join("\n"),
                lines(&sent),
                lines(case.journal)
            );
        }
        let events = self.cloud.events.lock().unwrap();
        for event in &events[began..] {
            if !self.ids.contains(&event.policy) {
                self.ids.push(event.policy.clone());
            }
        }
    }

    /// The lines of a user's journal.
    fn journal(&self, user: usize) -> Vec<Value> {
        let path = self.users[user].home.path("data/bpctl/journal.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
