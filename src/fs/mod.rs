//! Files as this program uses them: written as a whole, private to their owner, locked between processes, and read
//! on a thread of their own where reading may block.

pub mod atomic;
pub mod detached;
pub mod lock;
pub mod private;
