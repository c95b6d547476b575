//! One sequence: a cloud, two users, and some dozen commands, each held to the laws.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;

use crate::fault::{Moment, Plan, READ_FAULTS, plan};
use crate::harness::{Bpctl, Home, Run, Running};
use crate::katapult::Katapult;
use crate::laws::{Case, check, check_history};
use crate::line::{Cloud, Line, Live};
use crate::onapp::OnApp;
use crate::provider::{Command, Provider};

const USERS: usize = 2;
/// Nothing here is silent: only a busy machine takes long.
const LIMITS: [&str; 8] = ["--retries", "1", "--timeout", "15s", "--max-wait", "20s", "--concurrency", "1"];

/// What came of a sequence.
pub struct Outcome {
    /// The exit code of each command; `killed` where there is none.
    pub codes: Vec<String>,
    pub failure: Option<String>,
}

struct User<P: Provider> {
    home: Home,
    line: Line<P>,
    file: Option<String>,
    plan: Option<String>,
    /// The objects when the plan was saved.
    planned: BTreeMap<String, Value>,
}

struct Sequence<P: Provider> {
    rng: Rng,
    cloud: Arc<Cloud<P>>,
    users: Vec<User<P>>,
    /// All objects that there ever were.
    ids: Vec<String>,
    story: String,
    codes: Vec<String>,
}

type Part<P> = (usize, Command<<P as Provider>::Intent>, Plan<<P as Provider>::Deed>);

fn lines<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(|one| format!("  {one}\n")).collect()
}

/// The provider of a seed.
pub fn provider(seed: u64) -> &'static str {
    if seed % 2 == 1 { "onapp" } else { "katapult" }
}

/// Plays the sequence of a seed.
pub fn play(seed: u64) -> Outcome {
    let (home, mut rng) = (Home::new(), Rng::with_seed(seed));
    if provider(seed) == "onapp" {
        let (cloud, server, words) = OnApp::start(&mut rng);
        let outcome = play_on(seed, &words, rng, cloud);
        drop(server);
        return outcome;
    }
    let (cloud, server) = Katapult::start(&home);
    let outcome = play_on(seed, provider(seed), rng, cloud);
    drop(server);
    outcome
}

fn play_on<P: Provider>(seed: u64, words: &str, rng: Rng, provider: P) -> Outcome {
    let cloud = Arc::new(Cloud::new(provider));
    let user = |number| User {
        home: Home::new(),
        line: Line::new(&cloud, number),
        file: None,
        plan: None,
        planned: BTreeMap::new(),
    };
    let users = (0..USERS).map(user).collect();
    let ids = cloud.provider.ids().into_iter().collect();
    let story = format!("--seed {seed} --count 1 ({words})\n");
    let mut sequence = Sequence { rng, cloud, users, ids, story, codes: Vec::new() };
    let played = catch_unwind(AssertUnwindSafe(|| sequence.play()));
    let failure = played.err().map(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        format!("{}{words}", sequence.story)
    });
    Outcome { codes: sequence.codes, failure }
}

impl<P: Provider> Sequence<P> {
    fn play(&mut self) {
        for _ in 0..self.rng.usize(6..16) {
            match self.rng.u8(..20) {
                0..=2 => self.others_act(),
                3 => self.prepare(),
                4 => self.cross(),
                5 => self.both(),
                _ => {
                    let user = self.rng.usize(..USERS);
                    let part = self.part(user);
                    self.run(vec![part]);
                }
            }
        }
        for user in 0..USERS {
            let run = self.bpctl(user, &["history".into()]).run();
            check_history(&run);
        }
    }

    /// A command of a user, and what happens meanwhile.
    fn part(&mut self, number: usize) -> Part<P> {
        let user = &self.users[number];
        let files = [user.file.as_deref(), user.plan.as_deref()];
        let (provider, ids) = (&self.cloud.provider, &self.ids);
        let command = provider.command(&mut self.rng, ids, files);
        let deed = |rng: &mut Rng| provider.deed(rng, ids);
        let read_faults = [&READ_FAULTS, P::MORE_READ_FAULTS].concat();
        let mut plan = plan(&mut self.rng, [&read_faults, P::WRITE_FAULTS], deed);
        if self.rng.u8(..6) == 0 {
            let moment = if self.rng.bool() { Moment::BeforeWrite } else { Moment::AfterWrite };
            let rival = provider.rival(&mut self.rng, &command);
            plan.deed = rival.map(|rival| (moment, rival)).or(plan.deed);
        }
        (number, command, plan)
    }

    fn others_act(&mut self) {
        let deed = self.cloud.provider.deed(&mut self.rng, &self.ids);
        writeln!(self.story, "another user: {deed:?}").unwrap();
        let began = self.cloud.events.lock().unwrap().len();
        self.cloud.act(&deed);
        self.learn_ids(began);
    }

    /// A user writes a policy file of what is live, changes it a little, and saves a plan.
    fn prepare(&mut self) {
        let number = self.rng.usize(..USERS);
        *self.users[number].line.live.lock().unwrap() = Live::new(Plan::default(), 0);
        let run = self.bpctl(number, &["export".into(), "-o".into(), "toml".into()]).run().ok();
        let mut text = String::new();
        for line in run.stdout.lines() {
            match line.strip_prefix("retention = ") {
                // A disk of OnApp keeps one backup, whatever is asked for.
                Some(count) if count != "1" && self.rng.u8(..3) == 0 => {
                    writeln!(text, "retention = {}", self.rng.u8(1..60)).unwrap();
                }
                _ => writeln!(text, "{line}").unwrap(),
            }
        }
        let file = self.users[number].home.file("policies.toml", &text).display().to_string();
        let words = ["plan", "-f", &file, "-o", "json"].map(str::to_owned);
        let planned = self.bpctl(number, &words).run().ok();
        let plan = self.users[number].home.file("plan.json", &planned.stdout).display().to_string();
        writeln!(self.story, "user {number}: export > {file}; plan > {plan}").unwrap();
        let planned = self.ids.iter().map(|id| (id.clone(), self.cloud.provider.object(id))).collect();
        let user = &mut self.users[number];
        (user.file, user.plan, user.planned) = (Some(file), Some(plan), planned);
    }

    /// One user changes an object twice at the same time.
    fn cross(&mut self) {
        let provider = &self.cloud.provider;
        let live: Vec<String> = self.ids.iter().filter(|id| !provider.object(id).is_null()).cloned().collect();
        let user = self.rng.usize(..USERS);
        let Some([first, second]) = provider.crossing(&mut self.rng, &live) else { return };
        self.run(vec![(user, first, Plan::default()), (user, second, Plan::default())]);
    }

    /// Two users run a command at the same time.
    fn both(&mut self) {
        let both = (0..USERS).map(|user| self.part(user)).collect();
        self.run(both);
    }

    fn bpctl(&self, user: usize, args: &[String]) -> Bpctl {
        let user = &self.users[user];
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.cloud.provider.bpctl(&args, &user.line.server.url(), &user.home).args(&LIMITS)
    }

    /// Runs commands at the same time, and holds each to the laws.
    fn run(&mut self, commands: Vec<Part<P>>) {
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
            let (sent, looks) = {
                let live = self.users[*user].line.live.lock().unwrap();
                (live.sent.clone(), live.looks)
            };
            let is_plan = command.args[0] == "apply" && !command.args.iter().any(|word| word == "-f");
            let case = Case::<P> {
                user: *user,
                command,
                plan,
                run: run.as_ref(),
                // Of two at once with one line, what each sent is not known.
                sent: if commands.len() > 1 && commands[0].0 == commands[1].0 { None } else { Some(&sent) },
                looks,
                events: &self.cloud.events.lock().unwrap().clone(),
                began,
                journal: &self.journal(*user)[journals[*user]..],
                provider: &self.cloud.provider,
                is_alone: commands.len() == 1,
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
        self.learn_ids(began);
    }

    fn learn_ids(&mut self, began: usize) {
        let events = self.cloud.events.lock().unwrap();
        for event in &events[began..] {
            if !self.ids.contains(&event.object) {
                self.ids.push(event.object.clone());
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
