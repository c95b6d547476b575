//! Random lives of policies: after each command, what bpctl reported is what the simulator holds, and undoing leads
//! back: each step at once, and all of them to the start.
//!
//! A failure shows the seed and every command; `BPCTL_TEST_SEED` plays that life again.

use std::collections::BTreeMap;
use std::fmt::Write;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::company::Company;
use crate::harness::Run;
use crate::world::now;

/// Lives of each kind, and steps in each.
const LIVES: usize = 5;
const STEPS: usize = 18;

/// What the simulator holds of the policies of a life: nothing of one in the trash.
type Held = BTreeMap<String, Option<Value>>;

/// A policy without what moves by itself.
fn still(mut policy: Value) -> Value {
    policy["schedule"]["next_invocation_at"] = Value::Null;
    policy
}

struct Life {
    company: Company,
    rng: Rng,
    known: Vec<String>,
    /// Seed and commands, for a failure.
    story: String,
}

impl Life {
    fn new(seed: u64) -> Self {
        let company = Company::new();
        let mut rng = Rng::with_seed(seed);
        let mut known = company.ids();
        known.retain(|id| company.policy(id).unwrap()["auto_move_to_trash_at"].is_null());
        rng.shuffle(&mut known);
        known.truncate(2);
        Self { company, rng, known, story: format!("BPCTL_TEST_SEED={seed}\n") }
    }

    fn held(&self) -> Held {
        self.known.iter().map(|id| (id.clone(), self.company.policy(id).map(still))).collect()
    }

    fn pick(&mut self, is_alive: bool) -> Option<String> {
        let held = self.held().into_iter().filter(|(_, policy)| policy.is_some() == is_alive);
        let ids: Vec<String> = held.map(|(id, _)| id).collect();
        self.rng.choice(ids)
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.rng.usize(..words.len())]
    }

    fn bpctl(&mut self, args: &[&str]) -> Run {
        writeln!(self.story, "bpctl {}", args.join(" ")).unwrap();
        self.company.bpctl(args).args(&["--yes", "-o", "json"]).run()
    }

    fn done(&mut self, args: &[&str]) -> Value {
        let run = self.bpctl(args);
        assert_eq!(run.code, 0, "{}{}", self.story, run.report());
        run.json()
    }

    /// What was reported of a policy is what the simulator holds.
    fn is_held(&self, id: &str, reported: &Value) {
        assert_eq!(self.company.policy(id).map(still), Some(still(reported.clone())), "{}", self.story);
    }

    /// Takes a step of a kind, if there is a policy for it; gives the state before it.
    fn step(&mut self, kind: &str) -> Option<Held> {
        let mut before = self.held();
        match kind {
            "create" => {
                let id = self.create();
                // Before it was made there was nothing; undone, it is in the trash.
                before.insert(id, None);
            }
            "update" => {
                let id = self.pick(true)?;
                self.update(&id);
            }
            "schedule-delete" => {
                let id = self.pick(true)?;
                // To the second, so that none is planned twice for the same time.
                let at = now() + i64::from(self.rng.u32(200_000..5_000_000));
                let reported = self.done(&["policy", "schedule-delete", &id, "--at", &format!("@{at}")]);
                assert_eq!(reported["auto_move_to_trash_at"], at, "{}", self.story);
                self.is_held(&id, &reported);
            }
            "delete" => {
                let id = self.pick(true)?;
                let reported = self.done(&["policy", "delete", &id]);
                assert_eq!(self.company.policy(&id), None, "{}", self.story);
                let path = format!("/trash_objects/trash_object?trash_object%5Bobject_id%5D={id}");
                let entry = self.company.raw("GET", &path, &Value::Null).1["trash_object"].take();
                assert_eq!(reported, json!({"id": id, "trash_object": entry}), "{}", self.story);
            }
            _ => {
                let id = self.pick(false)?;
                let reported = self.done(&["policy", "restore", &id]);
                self.is_held(&id, &reported);
            }
        }
        Some(before)
    }

    fn create(&mut self) -> String {
        let interval = self.one_of(&["hourly", "daily", "weekly", "monthly"]);
        let retention = self.rng.u32(1..40).to_string();
        let reported = self.done(&[
            "policy",
            "create",
            "--vm",
            "build-1",
            "--interval",
            interval,
            "--retention",
            &retention,
            "--allow-duplicate",
        ]);
        let id = reported["id"].as_str().unwrap().to_owned();
        self.known.push(id.clone());
        self.is_held(&id, &reported);
        assert_eq!(reported["retention"].to_string(), retention, "{}", self.story);
        id
    }

    fn update(&mut self, id: &str) {
        let interval = self.one_of(&["hourly", "daily", "weekly", "monthly"]);
        let mut args = vec!["policy".to_owned(), "update".to_owned(), id.to_owned()];
        // More than any policy starts with: no update is one that changes nothing.
        args.extend(["--retention".to_owned(), self.rng.u32(1_000..1_000_000).to_string()]);
        for (flag, most) in [("--frequency", 4), ("--time", 23), ("--minute", 59)] {
            if self.rng.bool() {
                args.extend([flag.to_owned(), self.rng.u32(1..=most).to_string()]);
            }
        }
        if self.rng.bool() {
            args.extend(["--interval".to_owned(), interval.to_owned()]);
        }
        let reported = self.done(&args.iter().map(String::as_str).collect::<Vec<_>>());
        self.is_held(id, &reported);
        for pair in args[3..].chunks(2) {
            let name = pair[0].trim_start_matches('-');
            let value = if name == "retention" { &reported[name] } else { &reported["schedule"][name] };
            assert_eq!(value.to_string().trim_matches('"'), pair[1], "{name}\n{}", self.story);
        }
    }

    fn is_at(&self, expected: &Held) {
        assert_eq!(&self.held(), expected, "{}", self.story);
    }
}

fn lives(play: impl Fn(Life)) {
    let given = std::env::var("BPCTL_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    match given {
        Some(seed) => play(Life::new(seed)),
        None => std::iter::repeat_with(|| fastrand::u64(..)).take(LIVES).for_each(|seed| play(Life::new(seed))),
    }
}

#[test]
fn undoing_everything_leads_back_to_the_start() {
    lives(|mut life| {
        let mut past = Vec::new();
        for _ in 0..STEPS {
            let kind = life.one_of(&["create", "update", "update", "delete", "restore"]);
            past.extend(life.step(kind));
        }
        let history = life.company.history();
        assert_eq!(history.len(), past.len(), "{}", life.story);
        assert!(history.iter().all(|entry| entry["outcome"] == "done"), "{}\n{history:?}", life.story);
        for mut before in past.into_iter().rev() {
            life.done(&["undo"]);
            // What was made later is in the trash by now.
            before.extend(
                life.known
                    .iter()
                    .filter(|id| !before.contains_key(*id))
                    .map(|id| (id.clone(), None))
                    .collect::<Vec<_>>(),
            );
            life.is_at(&before);
        }
        let run = life.bpctl(&["undo"]);
        assert_eq!(run.code, 3, "nothing is left to undo: {}{}", life.story, run.report());
    });
}

#[test]
fn each_step_is_undone_at_once_or_refused() {
    lives(|mut life| {
        for _ in 0..STEPS {
            let kind = life.one_of(&["create", "update", "schedule-delete", "schedule-delete", "delete", "restore"]);
            let Some(mut before) = life.step(kind) else { continue };
            if life.rng.bool() {
                continue;
            }
            let after = life.held();
            let changed = after.keys().find(|id| after[*id] != before[*id]).unwrap().clone();
            let planned = before[&changed].as_ref().map(|policy| policy["auto_move_to_trash_at"].is_i64());
            if kind == "schedule-delete" && planned != Some(true) {
                let run = life.bpctl(&["undo"]);
                assert_eq!((run.code, run.error()["code"].as_str()), (5, Some("no_way_back")), "{}", life.story);
                life.is_at(&after);
                continue;
            }
            life.done(&["undo"]);
            if kind == "delete" {
                // The trash forgets a planned deletion: what is restored stays.
                let policy = before.get_mut(&changed).and_then(Option::as_mut).unwrap();
                policy["auto_move_to_trash_at"] = Value::Null;
            }
            life.is_at(&before);
        }
    });
}
