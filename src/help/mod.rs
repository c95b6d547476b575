//! What the program says about itself: manual pages.

mod manual;

pub(crate) use manual::pages;
