//! Runs the built `bpctl` in a world of its own: an emptied environment, a temporary home, a fixed time zone.
//!
//! [`Bpctl`] says what to run, [`Run`] is what came of it. Every run is checked for what no run may ever do:
//! panic, die of a signal, hang, or print the token.

use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::Server;

/// The token of every test; no output may ever hold it.
pub const TOKEN: &str = "tok-Zw8Rk3VtY6nPq1Xs";
/// The account that goes with [`TOKEN`] on OnApp.
pub const USER: &str = "488213";
/// The two together, as HTTP basic authentication spells them; no output may hold this either.
pub const BASIC: &str = "NDg4MjEzOnRvay1adzhSazNWdFk2blBxMVhz";
/// No command of these tests has a reason to run longer, not even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A home directory that several runs can share; it is removed with the last of them.
#[derive(Clone)]
pub struct Home(Rc<TempDir>);

impl Home {
    pub fn new() -> Self {
        Self(Rc::new(TempDir::new().unwrap()))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that only its owner can read, and returns where it is.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        self.file_with_mode(name, content, 0o600)
    }

    pub fn file_with_mode(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

/// One invocation of `bpctl`, not yet started.
pub struct Bpctl {
    home: Home,
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Vec<u8>,
}

/// `bpctl` with nothing set: no token, no URL, no provider.
pub fn bare(args: &[&str]) -> Bpctl {
    Bpctl {
        home: Home::new(),
        args: args.iter().map(ToString::to_string).collect(),
        env: vec![("TZ".into(), "Europe/London".into())],
        stdin: Vec::new(),
    }
}

/// `bpctl` with a token, pointed at a scripted Katapult.
pub fn katapult(server: &Server, args: &[&str]) -> Bpctl {
    bare(args).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", server.katapult_url())
}

/// `bpctl` with credentials, pointed at a scripted OnApp cloud behind a path prefix.
pub fn onapp(server: &Server, args: &[&str]) -> Bpctl {
    bare(args)
        .env("BPCTL_PROVIDER", "onapp")
        .env("BPCTL_USER", USER)
        .env("BPCTL_TOKEN", TOKEN)
        .env("BPCTL_API_URL", server.onapp_url())
}

impl Bpctl {
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Sets a variable; a later value replaces an earlier one.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), value.into()));
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    pub fn home(mut self, home: &Home) -> Self {
        self.home = home.clone();
        self
    }

    pub fn stdin(mut self, bytes: &str) -> Self {
        self.stdin = bytes.as_bytes().to_vec();
        self
    }

    pub fn arguments(&self) -> &[String] {
        &self.args
    }

    /// The home, for whoever runs this in a way of its own and must keep it.
    pub fn home_in_use(&self) -> Option<Home> {
        Some(self.home.clone())
    }

    /// The whole environment of the process.
    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.home.0.path();
        let mut all =
            vec![("PATH".into(), std::env::var("PATH").unwrap()), ("HOME".into(), home.display().to_string())];
        for (name, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache")] {
            all.push((name.into(), home.join(folder).display().to_string()));
        }
        all.extend(self.env.clone());
        all
    }

    /// Runs to the end, standard input not a terminal.
    pub fn run(self) -> Run {
        let started = Instant::now();
        let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_bpctl"))
            .args(&self.args)
            .env_clear()
            .envs(self.environment())
            .timeout(LIMIT)
            .write_stdin(self.stdin.clone())
            .output()
            .unwrap();
        let line = format!("bpctl {}", self.args.join(" "));
        assert!(started.elapsed() < LIMIT, "{line}: still running after {LIMIT:?}");
        let run = Run {
            code: output.status.code().unwrap_or_else(|| {
                panic!("{line}: died: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
            }),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
            line,
        };
        run.check_manners();
        run
    }

    /// Runs to the end with a standard output that has room for nothing.
    pub fn run_without_room(self) -> Run {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpctl"));
        command.args(&self.args).env_clear().envs(self.environment()).stdin(Stdio::null()).stdout(full);
        let output = command.output().unwrap();
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: String::new(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            line: format!("bpctl {}", self.args.join(" ")),
        };
        run.check_manners();
        run
    }

    /// Runs to the end in its home directory, and gives the exit code and both streams as a terminal would mix them.
    pub fn run_as_shown(self) -> (i32, String) {
        let mut shown = tempfile::tempfile().unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_bpctl"))
            .args(&self.args)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.home.0.path())
            .stdin(Stdio::null())
            .stdout(shown.try_clone().unwrap())
            .stderr(shown.try_clone().unwrap())
            .status()
            .unwrap();
        let mut text = String::new();
        shown.rewind().unwrap();
        shown.read_to_string(&mut text).unwrap();
        (status.code().unwrap(), text)
    }

    /// Starts the process and leaves it running, its output to be read line by line.
    pub fn spawn(self) -> Running {
        self.start(Stdio::null())
    }

    /// The same, with a standard input that stays open; returns when what was given of it has been read.
    pub fn spawn_reading(self) -> Running {
        let given = self.stdin.clone();
        let mut running = self.start(Stdio::piped());
        let mut pipe = running.child.stdin.take().unwrap();
        pipe.write_all(&given).unwrap();
        let started = Instant::now();
        while rustix::io::ioctl_fionread(&pipe).unwrap() > 0 {
            assert!(started.elapsed() < LIMIT, "{}: does not read its standard input", running.line);
            std::thread::sleep(Duration::from_millis(4));
        }
        running.stdin = Some(pipe);
        running
    }

    fn start(self, stdin: Stdio) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bpctl"))
            .args(&self.args)
            .env_clear()
            .envs(self.environment())
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running {
            stdout: child.stdout.take().map(BufReader::new),
            stdin: None,
            child,
            line: format!("bpctl {}", self.args.join(" ")),
            _home: self.home,
        }
    }
}

/// A process that was started and not waited for. It is killed when dropped.
pub struct Running {
    child: std::process::Child,
    stdin: Option<std::process::ChildStdin>,
    stdout: Option<BufReader<std::process::ChildStdout>>,
    line: String,
    _home: Home,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output; empty at its end.
    pub fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Closes our end of the pipe, as `head` does when it has seen enough.
    pub fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Kills it (SIGKILL). If it had ended well before, gives what it had printed.
    pub fn kill(mut self) -> Option<String> {
        // One that has ended cannot be killed any more.
        let _ = self.child.kill();
        self.wait_or_killed().filter(|run| run.code == 0).map(|run| run.stdout)
    }

    /// Waits for the end; standard output is what had not been read yet.
    pub fn wait(self) -> Run {
        self.wait_at_most(LIMIT)
    }

    /// The same, where it has to end sooner.
    pub fn wait_at_most(self, limit: Duration) -> Run {
        self.wait_and_measure(limit).0
    }

    /// The same, and the most memory that the process was seen to hold, in bytes; 0 where the system does not say.
    pub fn wait_measuring(self) -> (Run, u64) {
        self.wait_and_measure(LIMIT)
    }

    /// Waits for the end, which may be a signal's: `None` then.
    pub fn wait_or_killed(mut self) -> Option<Run> {
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < LIMIT, "{}: still running after {LIMIT:?}", self.line);
            std::thread::sleep(Duration::from_millis(2));
        }
        self.child.wait().unwrap().code()?;
        Some(self.wait())
    }

    fn wait_and_measure(mut self, limit: Duration) -> (Run, u64) {
        let started = Instant::now();
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_memory(self.child.id()));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < limit, "{}: still running after {limit:?}", self.line);
            std::thread::sleep(Duration::from_millis(4));
        };
        let (mut stdout, mut stderr) = (String::new(), String::new());
        if let Some(mut pipe) = self.stdout.take() {
            pipe.read_to_string(&mut stdout).unwrap();
        }
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let run = Run {
            code: status.code().unwrap_or_else(|| panic!("{}: died: {status}\n{stderr}", self.line)),
            stdout,
            stderr,
            line: self.line.clone(),
        };
        run.check_manners();
        (run, peak)
    }
}

/// Reads the most memory that a process has held so far, in bytes.
fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    // Until it has become `bpctl`, a new process shares the memory of these tests.
    if status.lines().next() != Some("Name:\tbpctl") {
        return 0;
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing left to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a finished run printed and how it ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    line: String,
}

impl Run {
    fn check_manners(&self) {
        for (stream, text) in [("standard output", &self.stdout), ("standard error", &self.stderr)] {
            for words in ["panicked", "has a bug"] {
                assert!(!text.contains(words), "{}: panicked:\n{text}", self.line);
            }
            for secret in [TOKEN, BASIC] {
                assert!(!text.contains(secret), "{}: {stream} holds the token:\n{text}", self.line);
            }
        }
    }

    /// Everything about the run, for the message of a failed assertion.
    pub fn report(&self) -> String {
        format!(
            "{}\nexit code {}\n--- standard output\n{}\n--- standard error\n{}",
            self.line, self.code, self.stdout, self.stderr
        )
    }

    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.report());
        self
    }

    /// For errors whose exit code another test has settled.
    pub fn exits_nonzero(self) -> Self {
        assert_ne!(self.code, 0, "{}", self.report());
        self
    }

    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Standard output as one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}\n{}", self.report()))
    }

    /// The one JSON object on standard error.
    pub fn error(&self) -> Value {
        let whole: Value = serde_json::from_str(&self.stderr)
            .unwrap_or_else(|error| panic!("standard error is not one JSON object: {error}\n{}", self.report()));
        whole["error"].clone()
    }

    /// Asserts a failed run of `-o json`: its exit code, the shape of the error, and an empty standard output.
    pub fn fails_in_json(self, exit_code: i32) -> Self {
        let run = self.exits(exit_code);
        assert_eq!(run.stdout, "", "standard output stays empty on errors: {}", run.report());
        let error = run.error();
        for key in ["code", "message", "status", "detail", "request_id", "hint", "exit_code", "retryable", "changed"] {
            assert!(error.get(key).is_some(), "the error lacks `{key}`: {}", run.report());
        }
        assert_eq!(error["exit_code"], exit_code, "{}", run.report());
        for key in ["code", "message"] {
            let text = error[key].as_str().unwrap_or_default();
            assert!(!text.trim().is_empty(), "the error has no {key}: {}", run.report());
        }
        run
    }

    /// The same, and the error's code.
    pub fn fails(self, exit_code: i32, code: &str) -> Self {
        let run = self.fails_in_json(exit_code);
        assert_eq!(run.error()["code"], code, "{}", run.report());
        run
    }

    /// Asserts a failed run whose error is in words.
    pub fn fails_in_words(self, exit_code: i32) -> Self {
        let run = self.exits(exit_code);
        assert_eq!(run.stdout, "", "standard output stays empty on errors: {}", run.report());
        assert!(
            run.stderr.lines().any(|line| line.starts_with("error: ")),
            "no line begins with `error: `: {}",
            run.report()
        );
        run
    }

    /// Asserts that standard error, read without regard to case, mentions each of these.
    pub fn mentions(self, words: &[&str]) -> Self {
        let text = self.stderr.to_lowercase();
        for word in words {
            assert!(text.contains(&word.to_lowercase()), "`{word}` is not mentioned: {}", self.report());
        }
        self
    }

    pub fn hints(self) -> Self {
        assert!(self.stderr.lines().any(|line| line.starts_with("hint:")), "no hint: {}", self.report());
        self
    }
}

/// Sends SIGINT, as Ctrl-C does.
pub fn interrupt(id: u32) {
    send("-INT", id);
}

/// Sends SIGTERM, as `kill` and service managers do.
pub fn terminate(id: u32) {
    send("-TERM", id);
}

/// Sends SIGHUP, as a terminal that is closed does.
pub fn hang_up(id: u32) {
    send("-HUP", id);
}

/// `kill` is part of every system that these tests run on.
fn send(signal: &str, id: u32) {
    assert!(Command::new("kill").args([signal, &id.to_string()]).status().unwrap().success());
}
