//! What goes wrong while a command runs, on any cloud.

use fastrand::Rng;
use rustix::process::Signal;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is lost: carried out, or not.
    Lost,
    Dropped,
    /// The answer ends early; what was asked for is carried out.
    CutOff,
    /// A proxy's error page after the request was carried out, or in its place.
    PageAfter,
    PageInstead,
    /// The API's own errors. The first comes after the request was carried out.
    RuntimeErrorAfter,
    Unavailable,
    RateLimited,
    Forbidden,
    NotFound,
    /// The cloud is at work on the same VM.
    Busy,
    /// Lies: an answer that claims success and says nothing, or speaks of another object, or is of a while ago. What
    /// was asked for is carried out with those that end in `After`, and with another object's.
    PageOk,
    PageOkAfter,
    EmptyOk,
    EmptyOkAfter,
    Other,
    Stale,
    /// What was written is not visible yet.
    Late,
}

/// What goes wrong with the reads of any provider.
pub const READ_FAULTS: [Fault; 9] = [
    Fault::Dropped,
    Fault::CutOff,
    Fault::PageInstead,
    Fault::Unavailable,
    Fault::Forbidden,
    Fault::NotFound,
    Fault::PageOk,
    Fault::Other,
    Fault::Stale,
];

impl Fault {
    pub fn is_carried_out(self) -> bool {
        use Fault::{CutOff, EmptyOkAfter, Lost, Other, PageAfter, PageOkAfter, RuntimeErrorAfter};
        matches!(self, Lost | CutOff | PageAfter | RuntimeErrorAfter | PageOkAfter | EmptyOkAfter | Other)
    }

    /// Whether what is read may be believed and is not true.
    pub fn is_lie(self) -> bool {
        matches!(self, Self::Other | Self::Stale)
    }

    /// Whether the answer to a write claims that it was carried out.
    pub fn claims_success(self) -> bool {
        matches!(self, Self::Other | Self::PageOk | Self::PageOkAfter | Self::EmptyOk | Self::EmptyOkAfter)
    }

    /// Whether the API says that it did nothing, so that the same request may be sent again.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Unavailable | Self::RateLimited | Self::Busy)
    }

    /// Whether an answer of a while ago goes out.
    pub fn is_old(self) -> bool {
        matches!(self, Self::Stale | Self::Late)
    }
}

/// Which requests of a command it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Read(usize),
    Write(usize),
    ReadAfterWrite,
}

/// When another user acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    AfterRead(usize),
    BeforeWrite,
    AfterWrite,
}

/// What is to happen during a command.
#[derive(Clone, Debug)]
pub struct Plan<D> {
    /// A fault; it passes after it has happened once, or lasts.
    pub fault: Option<(Fault, Place, bool)>,
    pub deed: Option<(Moment, D)>,
    /// A signal when so many requests have come in, before the last is answered.
    pub signal: Option<(Signal, usize)>,
}

impl<D> Default for Plan<D> {
    fn default() -> Self {
        Self { fault: None, deed: None, signal: None }
    }
}

impl<D> Plan<D> {
    pub fn is_undisturbed(&self) -> bool {
        self.fault.is_none() && self.deed.is_none() && self.signal.is_none()
    }

    /// Whether all that happens is that something becomes visible a moment later.
    pub fn is_only_late(&self) -> bool {
        let is_late = matches!(self.fault, Some((Fault::Late, _, true)));
        is_late && self.deed.is_none() && self.signal.is_none()
    }

    /// Whether what is read may be a lie.
    pub fn lies(&self) -> bool {
        self.fault.is_some_and(|(fault, place, _)| fault.is_lie() && !matches!(place, Place::Write(_)))
    }
}

/// Draws what goes wrong; `deed` draws what another user does.
pub fn plan<D>(rng: &mut Rng, [reads, writes]: [&[Fault]; 2], deed: impl FnOnce(&mut Rng) -> D) -> Plan<D> {
    let mut plan = Plan::default();
    if rng.u8(..100) < 45 {
        let is_once = rng.u8(..3) > 0;
        let one = |rng: &mut Rng, all: &[Fault]| all[rng.usize(..all.len())];
        plan.fault = Some(match rng.u8(..6) {
            0 => (one(rng, reads), Place::Read(rng.usize(..4)), is_once),
            1 => (one(rng, reads), Place::ReadAfterWrite, is_once),
            2 => (Fault::Late, Place::ReadAfterWrite, true),
            _ => (one(rng, writes), Place::Write([0, 0, 0, 1, 2][rng.usize(..5)]), is_once),
        });
    }
    if rng.u8(..100) < 25 {
        let moment = match rng.u8(..3) {
            0 => Moment::AfterRead(rng.usize(..5)),
            1 => Moment::BeforeWrite,
            _ => Moment::AfterWrite,
        };
        plan.deed = Some((moment, deed(rng)));
    }
    if rng.u8(..100) < 12 {
        let signal = [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL, Signal::KILL][rng.usize(..5)];
        plan.signal = Some((signal, rng.usize(1..9)));
    }
    plan
}
