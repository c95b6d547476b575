//! bpctl: administers disk backup policies on Katapult and reads backups on OnApp clouds.

#[cfg(feature = "sandbox")]
pub mod sandbox;
