//! What a new world holds: one small company, and generated objects in larger worlds.
//!
//! The same sizes and the same clock give the same world; identifiers do not depend on the clock.

mod cloud;
mod company;
mod growth;

use super::Seed;
use super::cloud::Cloud;
use super::state::World;

pub(super) use company::{MACHINES as COMPANY_MACHINES, POLICIES as COMPANY_POLICIES};

pub(super) fn world(seed: &Seed, now: i64) -> World {
    let mut world = World::empty();
    company::fill(&mut world, now);
    company::shrink(&mut world, seed);
    growth::fill(&mut world, seed, now);
    world.onapp = onapp(seed, now);
    world.reindex();
    company::fill_trash(&mut world, now);
    world.reindex();
    world
}

pub(super) fn onapp(seed: &Seed, now: i64) -> Cloud {
    cloud::cloud(seed.policies.saturating_sub(COMPANY_POLICIES), now)
}
