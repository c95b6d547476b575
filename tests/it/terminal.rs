//! Runs a program in a pseudo-terminal, as a person at a keyboard would: waits for text, presses keys, looks at the
//! screen, and sees whether the terminal is left as it was found.
//!
//! [`Terminal::run`] takes a prepared `bpctl`, [`Terminal::spawn`] any program (a shell, say). Standard input, output
//! and error are the terminal; `screen.rs` knows what its screen shows.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{LocalModes, Termios, tcgetattr};

use crate::harness::{BASIC, Bpctl, Home, TOKEN, katapult, terminate};
use crate::screen::{COLUMNS, ROWS, Screen, Symbol};
use crate::world::{POLICY, World};

/// Nothing that these tests wait for takes longer, not even on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// What a key without a letter sends.
fn key(name: &str) -> &'static str {
    match name {
        "enter" => "\r",
        "tab" => "\t",
        "escape" => "\x1b",
        "backspace" => "\x7f",
        "up" => "\x1b[A",
        "down" => "\x1b[B",
        "ctrl-c" => "\x03",
        "ctrl-d" => "\x04",
        "ctrl-u" => "\x15",
        _ => panic!("no key is called `{name}`"),
    }
}

/// What came out so far.
struct Output {
    raw: Vec<u8>,
    screen: Screen,
    is_closed: bool,
}

/// A program in a terminal. It is killed when dropped.
pub struct Terminal {
    line: String,
    pty: Arc<Pty>,
    child: std::process::Child,
    output: Arc<(Mutex<Output>, Condvar)>,
    /// How the terminal was set before the program began.
    before: Termios,
    _home: Option<Home>,
}

/// How it ended.
pub struct Ended {
    pub code: i32,
    /// What the screen showed, scrolled lines included.
    pub screen: String,
    /// The same, a symbol a column, with its style.
    pub symbols: Vec<Vec<Symbol>>,
    /// Everything that was written, control sequences included.
    pub raw: String,
    /// Echo, line mode and signals are as they were.
    pub is_restored: bool,
    /// The cursor can be seen.
    pub has_cursor: bool,
    line: String,
}

impl Terminal {
    /// Runs `bpctl` with its own environment and home.
    pub fn run(bpctl: &Bpctl) -> Self {
        Self::run_in(COLUMNS, bpctl)
    }

    /// Runs `bpctl` in a terminal of so many columns.
    pub fn run_in(columns: usize, bpctl: &Bpctl) -> Self {
        let program = env!("CARGO_BIN_EXE_bpctl");
        let mut terminal =
            Self::spawn_in(columns, program, bpctl.arguments(), &bpctl.environment(), bpctl.home_in_use());
        terminal.line = format!("bpctl {}", bpctl.arguments().join(" "));
        terminal
    }

    /// Runs any program with this environment and no other; `TERM` is set.
    pub fn spawn(program: &str, args: &[String], environment: &[(String, String)], home: Option<Home>) -> Self {
        Self::spawn_in(COLUMNS, program, args, environment, home)
    }

    fn spawn_in(
        columns: usize,
        program: &str,
        args: &[String],
        environment: &[(String, String)],
        home: Option<Home>,
    ) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(ROWS as u16, columns as u16)).unwrap();
        let before = tcgetattr(&pty).unwrap();
        let child = Command::new(program)
            .args(args)
            .env_clear()
            .env("TERM", "xterm-256color")
            .envs(environment.iter().cloned())
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let output = Output { raw: Vec::new(), screen: Screen::new(columns), is_closed: false };
        let output = Arc::new((Mutex::new(output), Condvar::new()));
        let (reading, shared) = (Arc::clone(&pty), Arc::clone(&output));
        std::thread::spawn(move || read_all(&reading, &shared));
        Self { line: program.to_owned(), pty, child, output, before, _home: home }
    }

    /// Changes the width of the terminal; the program gets a signal.
    pub fn resize(&self, columns: u16) -> &Self {
        self.pty.resize(pty_process::Size::new(ROWS as u16, columns)).unwrap();
        self
    }

    /// Waits until the screen shows `text`.
    pub fn wait_for(&self, text: &str) -> &Self {
        self.wait_until(&format!("`{text}`"), |screen| screen.contains(text))
    }

    /// Waits until the screen is as described.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> &Self {
        let began = Instant::now();
        let (lock, changed) = &*self.output;
        let mut output = lock.lock().unwrap();
        loop {
            let screen = output.screen.text();
            if is_so(&screen) {
                return self;
            }
            let left = LIMIT.saturating_sub(began.elapsed());
            assert!(!output.is_closed && !left.is_zero(), "{}: waited for {what}, got\n{screen}", self.line);
            output = changed.wait_timeout(output, left).unwrap().0;
        }
    }

    /// Sends SIGTERM until the program has ended: one that comes while no key is waited for is heard with the next.
    pub fn terminated(mut self) -> Self {
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < LIMIT, "{}: still running:\n{}", self.line, self.screen());
            terminate(self.child.id());
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// Types text.
    pub fn type_text(&self, text: &str) -> &Self {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
        self
    }

    /// Presses a key: `enter`, `down`, `ctrl-c`, …
    pub fn press(&self, name: &str) -> &Self {
        self.type_text(key(name))
    }

    /// Types text and presses Enter.
    pub fn enter(&self, text: &str) -> &Self {
        self.type_text(text).press("enter")
    }

    /// Answers each of these prompts whenever it is shown, until the program has ended.
    pub fn answer(&self, answers: &[(&str, &str)]) -> &Self {
        let began = Instant::now();
        let (lock, changed) = &*self.output;
        let mut seen = 0;
        let mut output = lock.lock().unwrap();
        while !output.is_closed {
            let raw = String::from_utf8_lossy(&output.raw[seen..]).into_owned();
            let asked = answers.iter().find(|(prompt, _)| raw.trim_end().ends_with(prompt));
            if let Some((_, answer)) = asked {
                seen = output.raw.len();
                drop(output);
                self.wait_for_prompt("").enter(answer);
                output = lock.lock().unwrap();
            }
            let left = LIMIT.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "{}: still running:\n{}", self.line, output.screen.text());
            output = changed.wait_timeout(output, left).unwrap().0;
        }
        self
    }

    /// What the screen shows now, scrolled lines included.
    pub fn screen(&self) -> String {
        self.output.0.lock().unwrap().screen.text()
    }

    /// The same, a symbol a column, with its style.
    pub fn symbols(&self) -> Vec<Vec<Symbol>> {
        self.output.0.lock().unwrap().screen.lines().to_vec()
    }

    /// Whether the terminal itself shows what is typed; a hidden prompt switches that off.
    pub fn echoes(&self) -> bool {
        self.modes().contains(LocalModes::ECHO)
    }

    /// Whether the terminal edits a line by itself and hands it over when Enter is pressed.
    pub fn edits_lines(&self) -> bool {
        self.modes().contains(LocalModes::ICANON)
    }

    /// Waits until a prompt shows `text` and reads keys, or hides what is typed: before that, a secret would be shown
    /// and Ctrl-C would be a signal instead of a key.
    pub fn wait_for_prompt(&self, text: &str) -> &Self {
        self.wait_for(text);
        let began = Instant::now();
        // Nothing announces a change of the terminal's settings.
        while self.modes().contains(LocalModes::ICANON | LocalModes::ECHO) {
            assert!(began.elapsed() < LIMIT, "{}: nothing is asked:\n{}", self.line, self.screen());
            std::thread::sleep(Duration::from_millis(2));
        }
        self
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&*self.pty).unwrap().local_modes
    }

    /// Waits for the end.
    pub fn ends(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < LIMIT, "{}: still running:\n{}", self.line, self.screen());
            std::thread::sleep(Duration::from_millis(5));
        };
        // The settings outlive the program as long as our end is open.
        let after = tcgetattr(&*self.pty).unwrap();
        let (lock, changed) = &*self.output;
        let closed = changed.wait_timeout_while(lock.lock().unwrap(), LIMIT, |output| !output.is_closed).unwrap();
        let output = closed.0;
        let ended = Ended {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
            screen: output.screen.text(),
            symbols: output.screen.lines().to_vec(),
            raw: String::from_utf8_lossy(&output.raw).into_owned(),
            is_restored: after.local_modes == self.before.local_modes
                && after.input_modes == self.before.input_modes
                && after.output_modes == self.before.output_modes,
            has_cursor: output.screen.has_cursor,
            line: self.line.clone(),
        };
        for word in ["panicked", TOKEN, BASIC] {
            assert!(!ended.raw.contains(word), "`{word}`: {}", ended.report());
        }
        drop(output);
        ended
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing left to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Everything about the run, for the message of a failed assertion.
    pub fn report(&self) -> String {
        format!("{}\nexit code {}\n--- screen\n{}", self.line, self.code, self.screen)
    }

    /// Asserts the exit code, and that the terminal is as it was found.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.report());
        assert!(self.is_restored, "the terminal is not as it was: {}", self.report());
        assert!(self.has_cursor, "the cursor is hidden: {}", self.report());
        self
    }

    /// Asserts that the screen shows each of these.
    pub fn shows(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.screen.contains(word), "`{word}` is not shown: {}", self.report());
        }
        self
    }
}

/// Takes what the program writes until it has ended: then reading fails.
fn read_all(pty: &Pty, shared: &(Mutex<Output>, Condvar)) {
    let (lock, changed) = shared;
    let mut buffer = [0; 4096];
    let mut reader = pty;
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        let mut output = lock.lock().unwrap();
        output.raw.extend_from_slice(&buffer[..count]);
        output.screen.take(&buffer[..count]);
        changed.notify_all();
    }
    lock.lock().unwrap().is_closed = true;
    changed.notify_all();
}

#[test]
fn a_program_in_a_terminal_is_seen_and_heard() {
    let script = "stty -echo; printf 'one\\ntwo\\rTWO \\033[?25l'; read word || exit 4; stty echo; printf 'got %s\\033[?25h' $word; exit 3";
    let shell =
        || Terminal::spawn("/bin/sh", &["-c".into(), script.into()], &[("PATH".into(), "/usr/bin:/bin".into())], None);
    let terminal = shell();
    terminal.wait_for_prompt("TWO").enter("hidden");
    let ended = terminal.ends().exits(3);
    assert_eq!(ended.screen, "one\nTWO got hidden");
    // Left in the middle, the same script leaves the terminal in a bad way, and that is seen. (Not by Ctrl-C: whoever
    // runs the tests in the background has that ignored, and so has the shell.)
    let terminal = shell();
    terminal.wait_for_prompt("TWO").press("ctrl-d");
    let ended = terminal.ends();
    assert_eq!((ended.code, ended.is_restored, ended.has_cursor), (4, false, false), "{}", ended.report());
}

#[test]
fn a_question_is_answered_at_the_keyboard() {
    let world = World::new();
    let server = world.serve();
    let args = ["policy", "schedule-delete", POLICY, "--at", "+7d"];
    let asked = || {
        let terminal = Terminal::run(&katapult(&server, &args));
        terminal.wait_for_prompt("[y/N]");
        terminal
    };
    let terminal = asked();
    terminal.enter("n");
    terminal.ends().exits(2);
    let terminal = asked();
    terminal.press("ctrl-c");
    terminal.ends().exits(130);
    assert_eq!(server.writes().len(), 0);
    let terminal = asked();
    terminal.enter("y");
    terminal.ends().exits(0).shows(&[POLICY]);
    assert_eq!(server.writes().len(), 1);
}
